"""The small generator of towns."""

from pathlib import Path

from aitia.evidence.pictures import train_gan
from aitia.nn.gan import SmallGan


def build() -> SmallGan:
    """It, trained anew."""
    return train_gan()


def read(folder: Path) -> SmallGan:
    """It, as it is kept."""
    return SmallGan.from_pretrained(folder)
