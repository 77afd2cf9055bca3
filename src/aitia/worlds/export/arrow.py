"""An Arrow file, the pictures inside as PNG."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from aitia.data.frames import import_extra
from aitia.worlds.export.writer import Columns, Writer

__all__ = ["ArrowFile"]


class ArrowFile(Writer):
    """data/train-00000-of-00001.arrow, with the features of the `datasets` library in its schema."""

    needs: ClassVar[tuple[str, ...]] = ("pyarrow",)
    ending: ClassVar[str] = "arrow"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.features: dict[str, str] = {}
        """Of each column its type: `image`, `int64`, `float64` or `string`; known from the first lines on."""
        self._file: Any = None
        self._schema: Any = None

    def open(self, path: Path, schema: Any) -> Any:
        """The open file, with `write_table` and `close`."""
        return import_extra("pyarrow", "data").ipc.new_file(str(path), schema)

    def write(self, columns: Columns, pictures: Sequence[bytes]) -> None:
        """Adds lines; the first call sets the types of the columns."""
        arrow = import_extra("pyarrow", "data")
        if self._file is None:
            kinds = {int: "int64", float: "float64", str: "string"}
            self.features = {"image": "image"} if pictures else {}
            self.features |= {name: kinds[type(values[0])] for name, values in columns.items()}
            self._schema = _schema(arrow, self.features)
            (self.folder / "data").mkdir()
            self._file = self.open(self.folder / "data" / f"train-00000-of-00001.{self.ending}", self._schema)
        given: dict[str, Any] = dict(columns)
        if pictures:
            paths = columns["render_path"]
            given["image"] = [{"bytes": b, "path": p} for b, p in zip(pictures, paths, strict=True)]
        self._file.write_table(arrow.table({name: given[name] for name in self.features}, schema=self._schema))

    def close(self) -> None:
        """Closes the file, if there is one."""
        if self._file is not None:
            self._file.close()


def _schema(arrow: Any, features: dict[str, str]) -> Any:
    types = {
        "int64": arrow.int64(),
        "float64": arrow.float64(),
        "string": arrow.string(),
        "image": arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())]),
    }
    told = {
        name: {"_type": "Image"} if kind == "image" else {"dtype": kind, "_type": "Value"}
        for name, kind in features.items()
    }
    fields = [arrow.field(name, types[kind]) for name, kind in features.items()]
    return arrow.schema(fields, {"huggingface": json.dumps({"info": {"features": told}})})
