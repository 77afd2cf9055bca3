"""The segmenter of towns."""

from pathlib import Path

from aitia.evidence.pictures import train_segmenter
from aitia.nn.segmenters import SmallSegmenter


def build() -> SmallSegmenter:
    """It, trained anew."""
    return train_segmenter()


def read(folder: Path) -> SmallSegmenter:
    """It, as it is kept."""
    return SmallSegmenter.from_pretrained(folder)
