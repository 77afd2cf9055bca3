"""Which codec a text of one byte a letter is in, where the letters themselves show it; asked where they do not.

In western Europe letters beyond ASCII stand in words among ASCII ones. Words wholly of such letters are of another
script: Cyrillic or Greek is told by how often the commonest letters of its languages occur, Japanese by kana.
"""

import re
from itertools import pairwise

__all__ = ["foreign_codec"]

_HEAD = 1 << 16
"""Bytes that are looked at."""
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]+")
_COMMON = {
    "cp1251": "оеаинтсрвл",
    "koi8-r": "оеаинтсрвл",
    "cp866": "оеаинтсрвл",
    "cp1253": "αοιετσνρηυ",
}
"""The ten commonest letters, small, which are two thirds of a text."""
_LEAST, _AHEAD = 0.5, 0.15
"""Share of the commonest letters in a codec that is taken, and how far it is ahead of the next."""
_ACCENTS = str.maketrans("άέήίόύώςϊϋ", "αεηιουωσιυ")


def foreign_codec(data: bytes) -> str | None:
    """The codec of a text that is no UTF-8, empty where letters of another script do not show it, None where there are
    none.
    """
    head = data[:_HEAD]
    if _is_japanese(data):
        return "cp932"
    words = [word for word in _LETTERS.findall(head) if max(word) >= 0x80]
    whole = [word for word in words if min(word) >= 0x80 and len(word) >= 3]
    if 2 * len(whole) <= len(words):
        return None
    shares = sorted(((_share(b" ".join(whole), codec), codec) for codec in _COMMON), reverse=True)
    (best, codec), (second, _) = shares[:2]
    return codec if best >= _LEAST and best - second >= _AHEAD else ""


def _share(words: bytes, codec: str) -> float:
    """Share of the commonest letters, in words that are written as people do: no small letter before a large one."""
    try:
        text = words.decode(codec)
    except UnicodeDecodeError:
        return 0.0
    letters = [c for c in text.lower().translate(_ACCENTS) if c != " "]
    odd = sum(any(a.islower() and b.isupper() for a, b in pairwise(word)) for word in text.split())
    if not all(c.isalpha() for c in letters) or 4 * odd > len(text.split()):
        return 0.0
    return sum(c in _COMMON[codec] for c in letters) / len(letters)


def _is_japanese(data: bytes) -> bool:
    """Whether all beyond ASCII is Japanese in Shift-JIS, kana among it."""
    try:
        text = data.decode("cp932")
    except UnicodeDecodeError:
        return False
    foreign = [c for c in text if not c.isascii()]
    kana = sum("\u3041" <= c <= "\u30fe" for c in foreign)
    ours = sum("\u3000" <= c <= "\u30ff" or "\u4e00" <= c <= "\u9fff" or "\uff01" <= c <= "\uff5e" for c in foreign)
    return kana >= 2 and ours == len(foreign)
