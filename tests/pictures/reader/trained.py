"""The reader of size, colour and shape."""

from pathlib import Path

from aitia.evidence.pictures import train_reader
from aitia.nn.readers import AttributeReader


def build() -> AttributeReader:
    """It, trained anew."""
    return train_reader()


def read(folder: Path) -> AttributeReader:
    """It, as it is kept."""
    return AttributeReader.from_pretrained(folder)
