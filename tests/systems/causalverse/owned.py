"""What the user of the page of this system has."""

import numpy as np


def owned(folder):
    from PIL import Image

    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    lines = ["render_path,id,domain,mass,height"]
    for k in range(120):
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(folder / "pictures" / f"{k}.png")
        lines.append(f"{k}.png,{k // 2},{'ab'[k % 2]},{rng.normal():.3f},{rng.normal():.3f}")
    (folder / "pictures" / "labels.csv").write_text("\n".join([*lines, ""]))
    return {}
