"""The small text-to-image model on balanced pictures."""

from pathlib import Path

from aitia.evidence.pictures import train_painter
from aitia.nn.pipelines import ImagePipeline, load_pipeline


def build() -> ImagePipeline:
    """It, trained anew."""
    return train_painter()


def read(folder: Path) -> ImagePipeline:
    """It, as it is kept."""
    return load_pipeline(folder)
