"""Sets of images with their labels, from a folder and a CSV file, a data set of the Hugging Face Hub, or a world."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Kind, Table
from aitia.data.tables import read_table
from aitia.errors import DataError, FormatError, MissingExtraError, join_names

__all__ = ["ImageSet", "read_images", "write_images"]

_PATH_COLUMNS = ("render_path", "path", "file", "filename", "image")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and a table of what is known of them, row by row.

    Args:
        images: (n, height, width, 3), 0 to 255.
        labels: n rows.
        source: Where they are from, for messages.

    Raises:
        DataError: If there are not as many rows as images.
    """

    images: NDArray[np.uint8]
    labels: Table
    source: str = "given"

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.shape[-1] != 3 or self.images.dtype != np.uint8:
            raise DataError(
                f"images are an array (n, height, width, 3) of bytes, got {self.images.shape} of {self.images.dtype}"
            )
        if len(self.images) != self.labels.n:
            raise DataError(f"there are {len(self.images)} images and {self.labels.n} rows of labels")

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: NDArray[Any] | Sequence[int]) -> "ImageSet":
        """Some of the rows, in the order given."""
        return ImageSet(self.images[np.asarray(rows)], self.labels.take(np.asarray(rows)), self.source)

    def resized(self, size: int) -> "ImageSet":
        """The images scaled to size x size (area averaging down, bicubic up)."""
        if self.images.shape[1:3] == (size, size):
            return self
        image = _pillow()
        small = self.images.shape[1] > size
        method = image.Resampling.BOX if small else image.Resampling.BICUBIC
        scaled = np.stack([np.asarray(image.fromarray(one).resize((size, size), method)) for one in self.images])
        return ImageSet(scaled, self.labels, self.source)

    def check_labels(self, names: Sequence[str]) -> None:
        """Refuses labels that are not there, missing or constant.

        Raises:
            UnknownVariableError: If there is no such column.
            DataError: If a column has a missing value or is constant.
        """
        for name in names:
            column = self.labels.column(name)
            if self.labels.missing(name):
                row = int(np.flatnonzero(np.isnan(column))[0])
                raise DataError(f"label {name!r} of {self.source} is missing in row {row}")
            if len(np.unique(column)) < 2:
                raise DataError(f"label {name!r} of {self.source} is constant: nothing can be learnt about it")


def read_images(
    source: str | Path, *, labels: str | Path | None = None, size: int | None = None, split: str = "train"
) -> ImageSet:
    """Reads images with their labels.

    Args:
        source: A folder with images and one CSV file; or a data set of the Hugging Face Hub, `owner/name`, or a
            folder that holds one.
        labels: The CSV file, where the folder has none or several. Its column `render_path` (or `path`, `file`,
            `filename`, `image`) holds the places of the images, from the folder of the file or from the one above it.
        size: Scale to size x size; None wants images of one size.
        split: Of a data set of the Hub.

    Raises:
        FormatError: If there is no such folder, no column of places, files are missing (the first three are named),
            or a file is no image.
        DataError: If the images differ in size and none was asked for.
        MissingExtraError: If a package to read them is not installed.
    """
    folder = Path(source)
    if not folder.is_dir():
        if labels is None and str(source).count("/") == 1 and not str(source).startswith((".", "/")):
            return _from_hub(str(source), size, split)
        raise FormatError(f"there is no folder {source}")
    if labels is None and not list(folder.glob("*.csv")) and list(folder.glob("**/*.parquet")):
        return _from_hub(str(folder), size, split)
    table = read_table(Path(labels) if labels is not None else _labels_file(folder))
    column = next((name for name in _PATH_COLUMNS if name in table), None)
    if column is None:
        raise FormatError(f"the labels have no column with the images' places: name it {_PATH_COLUMNS[0]!r}")
    base = Path(labels).parent if labels is not None else folder
    paths = [str(path) for path in table.labels(column)]
    if not (base / paths[0]).is_file() and (base.parent / paths[0]).is_file():
        base = base.parent
    if absent := [path for path in paths if not (base / path).is_file()]:
        raise FormatError(f"{len(absent)} images of {len(paths)} are missing in {base}: {join_names(absent[:3])}, ...")
    images = [_open(base / path) for path in paths]
    kept = table.drop([column])
    return ImageSet(_stacked(images, paths, size), kept if kept.names else table, str(folder))


def write_images(images: NDArray[np.uint8], folder: Path, names: Sequence[str]) -> list[Path]:
    """Writes each image as a PNG file of this name; gives the files.

    Raises:
        FormatError: If a file cannot be written.
    """
    import io

    from aitia.files import write_whole

    image = _pillow()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"{folder} cannot be made: {error.strerror}") from error
    paths = []
    for one, name in zip(images, names, strict=True):
        packed = io.BytesIO()
        image.fromarray(one).save(packed, format="PNG")
        write_whole(folder / name, packed.getvalue())
        paths.append(folder / name)
    return paths


def _labels_file(folder: Path) -> Path:
    found = sorted(folder.glob("*.csv"))
    if len(found) != 1:
        what = "no CSV file" if not found else f"several CSV files ({join_names(p.name for p in found)})"
        raise FormatError(f"{folder} has {what}: say which file holds the labels")
    return found[0]


def _open(path: Path) -> NDArray[np.uint8]:
    image = _pillow()
    try:
        with image.open(path) as opened:
            return np.asarray(opened.convert("RGB"))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path} is no image that can be read ({error})") from error


def _stacked(images: list[NDArray[np.uint8]], names: Sequence[str], size: int | None) -> NDArray[np.uint8]:
    if size is not None:
        empty = Table.of({"row": [0.0]}, kinds={"row": Kind.NUMBER})
        return np.concatenate([ImageSet(one[None], empty).resized(size).images for one in images])
    for one, name in zip(images, names, strict=True):
        if one.shape != images[0].shape:
            raise DataError(
                f"images differ in size: {names[0]} is {images[0].shape[1]}x{images[0].shape[0]}, {name} is "
                f"{one.shape[1]}x{one.shape[0]}; give a size to scale them to"
            )
    return np.stack(images)


def _from_hub(name: str, size: int | None, split: str) -> ImageSet:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("data sets of the Hub need `pip install 'aitia[nets]'`") from error
    try:
        loaded = datasets.load_dataset(name, split=split)
    except Exception as error:  # the package raises whatever its transports raise
        raise FormatError(f"there is no folder {name}, and the Hub gave no data set of that name: {error}") from error
    column = next((k for k, feature in loaded.features.items() if isinstance(feature, datasets.Image)), None)
    if column is None:
        raise FormatError(f"the data set {name} has no column of images")
    images = [np.asarray(one.convert("RGB")) for one in loaded[column]]
    others = {k: list(loaded[k]) for k in loaded.column_names if k != column}
    table = Table.of(others) if others else Table.of({"row": np.arange(len(images), dtype=float)})
    return ImageSet(_stacked(images, [f"row {i}" for i in range(len(images))], size), table, name)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("images need `pip install 'aitia[nets]'`") from error
    return Image
