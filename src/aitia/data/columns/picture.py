"""Columns of pictures: files, decoded when looked at, or an array of them.

Colours are 8 bits each. Files are read as red, green and blue; where they differ in size, a size is asked for.
"""

import hashlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.cells import Cells, absent, as_list, picked
from aitia.data.kinds import Kind
from aitia.errors import DataError, FormatError, MissingExtraError, OptionError
from aitia.guard import guarded

__all__ = ["LARGEST_SIDE", "SUFFIXES", "Column", "check_head", "decoded", "png", "scaled"]

Pixels = NDArray[np.uint8]
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".dcm")
LARGEST_SIDE = 8_192
"""Pixels on a side of a picture that is taken from somebody else's file."""


class Column(Cells):
    """Pictures.

    Args:
        paths: Files, None where one is missing; None where there is a stack.
        stack: (n, height, width, channels).
        gone: (n,) which of the stack are missing, black in it.
        size: What they are scaled to when looked at; None leaves them.
    """

    kind = Kind.PICTURE
    use = "table.pictures(NAME)"

    def __init__(
        self,
        paths: tuple[str | None, ...] | None,
        stack: Pixels | None = None,
        gone: NDArray[np.bool_] | None = None,
        size: int | None = None,
    ) -> None:
        self.paths, self.stack, self.size = paths, stack, size
        if stack is not None:
            gone = np.zeros(len(stack), bool) if gone is None else gone
        else:
            gone = np.array([path is None for path in paths or ()], dtype=bool)
        self.gone = gone

    @classmethod
    def of(cls, name: str, values: Any, folder: Path | None = None) -> Self:
        """Files from a folder, an array (n, height, width, 1 or 3) of bytes, or a list of arrays or pillow images."""
        if isinstance(values, np.ndarray) and values.ndim == 4:
            if values.dtype != np.uint8 or values.shape[-1] not in (1, 3):
                raise DataError(
                    f"column {name!r}: pictures are an array (n, height, width, 3) of bytes, got {values.shape} of "
                    f"{values.dtype}"
                )
            return cls(None, _frozen(values))
        cells = [None if absent(value) else value for value in as_list(values)]
        if all(value is None or isinstance(value, (str, Path)) for value in cells):
            return cls._of_files(name, [None if value in (None, "") else str(value) for value in cells], folder)
        images = [None if value is None else _pixels(name, row, value) for row, value in enumerate(cells)]
        shape = next(image.shape for image in images if image is not None)
        for row, image in enumerate(images):
            if image is not None and image.shape != shape:
                raise DataError(
                    f"column {name!r}: pictures differ in size: {shape[1]}x{shape[0]} and, in row {row}, "
                    f"{image.shape[1]}x{image.shape[0]}; scale them to one size, or keep them as files"
                )
        black = np.zeros(shape, dtype=np.uint8)
        gone = np.array([image is None for image in images], dtype=bool)
        return cls(None, _frozen(np.stack([black if image is None else image for image in images])), gone)

    @classmethod
    def _of_files(cls, name: str, given: Sequence[str | None], folder: Path | None) -> Self:
        paths = [None if one is None else str(folder / one) if folder is not None else one for one in given]
        away = [row for row, path in enumerate(paths) if path is not None and not Path(path).is_file()]
        if away:
            first = away[0]
            many = f"{len(away)} files that are" if len(away) > 1 else "a file that is"
            where = "" if folder is None else f" in {folder}"
            raise DataError(
                f"column {name!r} names {many} not there{where}, first {str(given[first])!r} (row {first}): "
                "put them there, or drop the rows"
            )
        return cls(tuple(paths))

    def __len__(self) -> int:
        return len(self.gone)

    def take(self, rows: NDArray[Any] | slice) -> Self:
        """These rows."""
        if self.stack is not None:
            return type(self)(None, _frozen(self.stack[rows]), self.gone[rows], self.size)
        return type(self)(tuple(picked(self.paths or (), rows)), size=self.size)

    def scaled_to(self, size: int | None) -> Self:
        """The same, scaled to size x size when looked at."""
        return type(self)(self.paths, self.stack, self.gone, size)

    def pixels(self, name: str, size: int | None = None) -> Pixels:
        """(n, height, width, channels); black where one is missing.

        Raises:
            FormatError: If a file is no picture, or went away.
            DataError: If they differ in size and none was asked for.
        """
        size = self.size if size is None else size
        if size is not None and size < 1:
            raise OptionError(f"a picture has at least 1 pixel on a side, got {size}")
        if self.stack is not None:
            if size is None or self.stack.shape[1:3] == (size, size):
                return self.stack
            return np.stack([scaled(one, size) for one in self.stack])
        images = [None if path is None else _read(path, size) for path in self.paths or ()]
        first = next((row for row, image in enumerate(images) if image is not None), None)
        if first is None:
            if size is None:
                raise DataError(f"column {name!r} holds no picture: give a size for empty ones")
            return np.zeros((len(images), size, size, 3), dtype=np.uint8)
        shape = images[first].shape  # type: ignore[union-attr]
        for row, image in enumerate(images):
            if image is not None and image.shape != shape:
                raise DataError(
                    f"images differ in size: {self._named(first)} is {shape[1]}x{shape[0]}, {self._named(row)} is "
                    f"{image.shape[1]}x{image.shape[0]}; give a size to scale them to"
                )
        return np.stack([np.zeros(shape, dtype=np.uint8) if image is None else image for image in images])

    def _named(self, row: int) -> str:
        return Path(str((self.paths or ())[row])).name

    def cells(self) -> list[Any]:
        """Paths, or arrays (height, width, channels)."""
        if self.stack is None:
            return list(self.paths or ())
        return [None if gone else one for one, gone in zip(self.stack, self.gone, strict=True)]

    def told(self) -> list[str]:
        """Paths.

        Raises:
            DataError: If they are in memory: they have to be written first.
        """
        if self.stack is not None:
            raise DataError("pictures in memory have no name in a table: write them as files first")
        return [path or "" for path in self.paths or ()]

    def digest(self) -> str:
        """SHA-256 of the bytes of every file, or of the array; and of the size."""
        digest = hashlib.sha256(repr(self.size).encode())
        if self.stack is not None:
            digest.update(
                repr(self.stack.shape).encode() + self.gone.tobytes() + np.ascontiguousarray(self.stack).tobytes()
            )
            return digest.hexdigest()
        for path in self.paths or ():
            try:
                content = b"" if path is None else hashlib.sha256(Path(path).read_bytes()).digest()
            except OSError as error:
                raise FormatError(f"{path} is not there any more ({error.strerror})") from error
            digest.update(content or b"-")
        return digest.hexdigest()

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where there is no picture."""
        return self.gone


def scaled(image: Pixels, size: int) -> Pixels:
    """A picture at size x size: area averaging down, bicubic up."""
    if image.shape[:2] == (size, size):
        return image
    pillow = _pillow()
    method = pillow.Resampling.BOX if image.shape[0] > size else pillow.Resampling.BICUBIC
    grey = image.shape[-1] == 1
    made = np.asarray(pillow.fromarray(image[..., 0] if grey else image).resize((size, size), method))
    return np.asarray(made[..., None] if grey else made, dtype=np.uint8)


def check_head(path: str | Path, place: str, *, inks: bool = False) -> None:
    """Looks at the head of a file before anything is decoded.

    Args:
        path: The file.
        place: Where it is named, for messages.
        inks: Whether colours of print are taken.

    Raises:
        FormatError: If it is missing, empty, no picture, moves, is in colours of print, or too large.
    """
    pillow = _pillow()
    with guarded(f"{place}: {path}", "is no picture that can be read"), warnings.catch_warnings():
        warnings.simplefilter("ignore", pillow.DecompressionBombWarning)  # sides are looked at below
        if not Path(path).stat().st_size:
            raise FormatError(
                f"{place}: {path} is empty (0 bytes), and no picture: put it there again, or drop the row"
            )
        with pillow.open(path) as opened:
            if max(opened.size) > LARGEST_SIDE:
                raise FormatError(
                    f"{place}: {path} has {opened.size[0]:,} x {opened.size[1]:,} pixels, and {LARGEST_SIDE:,} on a "
                    "side are taken at most: scale it down"
                )
            if (frames := getattr(opened, "n_frames", 1)) > 1:
                raise FormatError(f"{place}: {path} moves ({frames} pictures): give one of them")
            if opened.mode == "CMYK" and not inks:
                raise FormatError(f"{place}: {path} is in colours of print (CMYK): save it in RGB")


def decoded(path: str | Path | io.BytesIO, place: str = "") -> Pixels:
    """(height, width, 3) of a file.

    Args:
        path: The file, or its content.
        place: What it is, for messages, where that is not its path.

    Raises:
        FormatError: If it is no picture, or has more than 8 bits a colour.
    """
    if not isinstance(path, io.BytesIO) and Path(path).suffix.lower() == ".dcm":
        from aitia.data.reading.dicom import dicom_pixels

        return dicom_pixels(path)
    pillow = _pillow()
    try:
        with pillow.open(path) as opened:
            mode, pixels = opened.mode, np.asarray(opened.convert("RGB"))
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as error:
        raise FormatError(f"{place or path} is no image that can be read ({error})") from error
    if mode[0] in "IF":  # what is over 255 has turned white, one and all
        raise FormatError(
            f"{place or path} has grey values of more than 8 bits (mode {mode}): say which of them are shown by "
            "writing it with 8, or keep it as DICOM, which says it"
        )
    return pixels


def png(image: Pixels) -> bytes:
    """A picture as the bytes of a PNG file."""
    out = io.BytesIO()
    _pillow().fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(out, format="PNG")
    return out.getvalue()


def _read(path: str, size: int | None) -> Pixels:
    image = decoded(path)
    return image if size is None else scaled(image, size)


def _pixels(name: str, row: int, value: Any) -> Pixels:
    if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3 and value.shape[-1] in (1, 3):
        return value
    if hasattr(value, "convert"):
        return np.asarray(value.convert("RGB"), dtype=np.uint8)
    raise DataError(f"column {name!r} is declared picture, row {row} holds a {type(value).__name__}")


def _frozen(stack: Pixels) -> Pixels:
    view = stack.view()
    view.flags.writeable = False
    return view


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("images need `pip install 'aitia[nets]'`") from error
    return Image
