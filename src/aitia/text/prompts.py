"""What a model is asked: text, pictures beside it, and what it is told beforehand."""

import base64
import hashlib
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from aitia.data.columns.picture import LARGEST_SIDE
from aitia.errors import FormatError, MissingExtraError, OptionError
from aitia.guard import guarded

__all__ = [
    "MOST_BYTES",
    "Prompt",
    "messages",
    "opened_picture",
    "picture_url",
    "prompts_of",
]

MOST_BYTES = 20_000_000
"""Bytes of a picture that is sent."""
_KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}


@dataclass(frozen=True)
class Prompt:
    """What is asked.

    Args:
        text: In words.
        pictures: Files that are shown, in order, before the text.
        system: What the model is told beforehand.

    Raises:
        OptionError: If there is neither a word nor a picture.
    """

    text: str
    pictures: tuple[str, ...] = ()
    system: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip() and not self.pictures:
            raise OptionError("a prompt is empty: give at least one word or picture")

    def key(self) -> list[Any]:
        """What it is, as JSON values, for a cache: pictures by their bytes."""
        return [self.system, self.text, [_digest(picture) for picture in self.pictures]]


def prompts_of(given: Sequence[str | Prompt]) -> list[Prompt]:
    """Texts and prompts as prompts.

    Raises:
        OptionError: If what is given is one text and not a list, or one of them is neither; says which.
    """
    if isinstance(given, str | Prompt):
        raise OptionError("prompts are a list: put the one into brackets")
    found = []
    for number, one in enumerate(given):
        if not isinstance(one, str | Prompt):
            raise OptionError(f"prompt {number} is a {type(one).__name__}: give a text or a Prompt")
        try:
            found.append(Prompt(one) if isinstance(one, str) else one)
        except OptionError as error:
            raise OptionError(f"prompt {number}: {error}") from None
    return found


def messages(prompt: Prompt) -> list[dict[str, Any]]:
    """The messages of chat completions, pictures as data URLs.

    Raises:
        FormatError: If a picture cannot be sent.
    """
    content: Any = prompt.text
    if prompt.pictures:
        shown = [{"type": "image_url", "image_url": {"url": picture_url(picture)}} for picture in prompt.pictures]
        content = [*shown, *([{"type": "text", "text": prompt.text}] if prompt.text.strip() else [])]
    before = [{"role": "system", "content": prompt.system}] if prompt.system else []
    return [*before, {"role": "user", "content": content}]


def picture_url(path: str | Path) -> str:
    """A picture as a data URL; what is neither PNG, JPEG, WEBP nor GIF, or not in RGB or grey, becomes a PNG.

    Raises:
        FormatError: If it is missing, empty, no picture, moves, or is larger than what is sent.
        MissingExtraError: If pillow is not installed.
    """
    import io

    data = _bytes(path)
    with _read(path, data) as opened:
        kind = _KINDS.get(str(opened.format))
        if kind is None or opened.mode not in ("RGB", "RGBA", "L", "LA", "P"):
            made = io.BytesIO()
            opened.convert("RGB").save(made, "PNG")
            data, kind = made.getvalue(), "image/png"
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def opened_picture(path: str | Path) -> Any:
    """A picture of pillow in red, green and blue, upright, on white where it is clear.

    Raises:
        FormatError: If it is missing, empty, no picture, moves, or is larger than what is shown.
        MissingExtraError: If pillow is not installed.
    """
    with _read(path, _bytes(path)) as opened:
        from PIL import Image, ImageOps

        upright = ImageOps.exif_transpose(opened)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            above = upright.convert("RGBA")
            return Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")
        return upright.convert("RGB")


@contextmanager
def _read(path: str | Path, data: bytes) -> Iterator[Any]:
    """The picture that the bytes of a file are, whole."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("pictures are sent with pillow, which is not installed: pip install pillow") from error
    import io
    import warnings

    with guarded(path, "is no picture that can be read"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the sides are looked at below
        with Image.open(io.BytesIO(data)) as opened:
            if max(opened.size) > LARGEST_SIDE:
                raise FormatError(
                    f"{path} has {opened.size[0]:,} x {opened.size[1]:,} pixels, and {LARGEST_SIDE:,} on a side are "
                    "sent at most: scale it down"
                )
            if (frames := getattr(opened, "n_frames", 1)) > 1:
                raise FormatError(f"{path} moves ({frames} pictures): give one of them")
            opened.load()  # so that half a file is told here
            yield opened


def _bytes(path: str | Path) -> bytes:
    with guarded(path):
        size = Path(path).stat().st_size
        if not size:
            raise FormatError(f"{path} is empty (0 bytes), and no picture")
        if size > MOST_BYTES:
            raise FormatError(f"{path} has {size / 1e6:,.0f} MB, and {MOST_BYTES / 1e6:,.0f} are sent at most")
        return Path(path).read_bytes()


def _digest(path: str) -> str:
    with guarded(path):
        held = Path(path).stat()
        if not stat.S_ISREG(held.st_mode):  # a pipe would be waited for
            raise FormatError(f"{path} is no file, and no picture")
        return _hashed(path, held.st_mtime_ns, held.st_size)


@lru_cache(maxsize=65_536)
def _hashed(path: str, _changed: int, _size: int) -> str:
    with Path(path).open("rb") as held:
        return hashlib.file_digest(held, "sha256").hexdigest()
