"""From bytes to text: marks at the beginning, and the codec where it is not UTF-8."""

import codecs
from pathlib import Path

from aitia.data.spreadsheet.codecs import foreign_codec
from aitia.errors import FormatError

__all__ = ["decoded"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(path: Path, data: bytes, encoding: str | None) -> tuple[str, str | None]:
    """The text, and a line on its codec where it is not UTF-8.

    Raises:
        FormatError: If it is no text in this codec.
    """
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _text(path, data[len(mark) :] if codec == "utf-8" else data, codec), None
    if encoding is not None:
        return _text(path, data, encoding), None
    guess = _without_mark(data)
    if guess is not None:
        return _text(path, data, guess), f"{guess} (--encoding)"
    if b"\x00" in data[:4096]:
        raise FormatError(f"{path} is no text: it holds zero bytes, first at byte {data.index(0)}")
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        foreign = foreign_codec(data)
        if foreign == "":
            raise FormatError(
                f"{path}, line {line} is no UTF-8, and its letters are of another script than that of western Europe: "
                "say which encoding it is (--encoding cp1251, gbk, euc-jp, ...)"
            ) from None
        # Windows-1252 is what spreadsheets of western Europe write; five bytes are none of its characters.
        codec = foreign or "cp1252"
        text = _text(path, data, codec)
        shown = next(word for word in text.splitlines()[line - 1].split() if not word.isascii())
        return text, f"{codec}, since line {line} is no UTF-8: {shown[:30]!r} (--encoding)"


def _without_mark(data: bytes) -> str | None:
    """UTF-16 whose mark was lost: every other byte of plain text is zero."""
    head = data[:1024]
    if len(head) < 4 or not head.count(0):
        return None
    odd, even = head[1::2].count(0) / len(head[1::2]), head[::2].count(0) / len(head[::2])
    return "utf-16-le" if odd > 0.7 and not even else "utf-16-be" if even > 0.7 and not odd else None


def _text(path: Path, data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except (UnicodeDecodeError, UnicodeError) as error:
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        raise FormatError(f"{path}, line {line} is no text in {codec}: say which encoding it is (--encoding)") from None
