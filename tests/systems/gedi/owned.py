"""What the user of the page of this system has: folders of pictures with and without labels, pairs, and a table."""

import numpy as np

from aitia.data.reading.pictures import write_pictures


def owned(folder):
    random = np.random.default_rng(0)
    kind = np.arange(120) % 2
    light = random.integers(90, 250, (120, 1, 1))
    y, x = np.mgrid[0:8, 0:8]
    along = np.where(kind[:, None, None] == 0, x, y)
    bars = np.where(np.abs(along - random.integers(1, 6, (120, 1, 1)) - 0.5) < 1, light, 0)
    images = np.repeat(bars.astype(np.uint8)[..., None], 3, axis=3)
    files = [f"{k:03}.png" for k in range(120)]
    for name in ("pictures", "pairs", "asked"):
        write_pictures(
            images if name != "asked" else images[:2], folder / name, files if name != "asked" else files[:2]
        )
    for name in ("upright", "lying"):
        few = images[kind == (name == "lying")]
        write_pictures(few, folder / "sorted" / name, files[: len(few)])
    write_pictures(images[::-1].copy(), folder / "pairs" / "second", files)
    (folder / "asked" / "metadata.csv").write_text(
        "file_name,cluster\n000.png,\n001.png,\n,c0\n,c1\n", encoding="utf-8"
    )
    numbers = random.normal(size=(200, 3)) + 4 * (np.arange(200) % 3)[:, None]
    lines = [",".join(f"{value:.3f}" for value in row) for row in numbers]
    (folder / "readings.csv").write_text("\n".join(["heat,load,noise", *lines, ""]), encoding="utf-8")
    sums = ["file_name,partner,sum"]
    sums += [f"{files[k]},second/{files[k]},{kind[k] + kind[119 - k] if k % 3 else ''}" for k in range(120)]
    (folder / "pairs" / "metadata.csv").write_text("\n".join([*sums, ""]), encoding="utf-8")
    backbone(folder / "resnet")
    return {}


def backbone(folder):
    import torch
    from transformers import ResNetConfig, ResNetModel

    torch.manual_seed(0)
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    ResNetModel(config).save_pretrained(folder)
