"""What the user of the page of this system has."""

from pathlib import Path

from PIL import Image

from aitia.data.tables import read_table
from aitia.system.example import example_of


def owned(folder: Path) -> dict[str, object]:
    """Pictures of a bar and its shadow, some without a label, and a pipeline of diffusers."""
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    found = example_of("causal-diffae", folder / "example", 0)
    (folder / "pictures").mkdir(exist_ok=True)
    table = read_table(Path(str(found.files)) / "metadata.csv")
    lines = ["file_name,light,shadow"]
    for name, light, shadow in zip(*(table.labels(k) for k in ("file_name", "height", "length")), strict=True):
        picture = Image.open(Path(str(found.files)) / str(name)).resize((16, 16))
        picture.save(folder / "pictures" / str(name))
        lines.append(f"{name},{light},{'' if shadow is None or shadow != shadow else shadow}")
    (folder / "pictures" / "metadata.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    unet = UNet2DModel(
        sample_size=16, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=8,
        down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    DDPMPipeline(unet, DDPMScheduler(num_train_timesteps=60)).save_pretrained(folder / "ddpm")
    return {}
