"""A Parquet file, the pictures inside as PNG."""

from pathlib import Path
from typing import Any, ClassVar

from aitia.data.frames import import_extra
from aitia.worlds.export.arrow import ArrowFile

__all__ = ["ParquetFile"]


class ParquetFile(ArrowFile):
    """data/train-00000-of-00001.parquet, with the schema of `ArrowFile`."""

    needs: ClassVar[tuple[str, ...]] = ("pyarrow", "pyarrow.parquet")
    ending: ClassVar[str] = "parquet"

    def open(self, path: Path, schema: Any) -> Any:
        """The open file."""
        return import_extra("pyarrow.parquet", "data").ParquetWriter(str(path), schema)
