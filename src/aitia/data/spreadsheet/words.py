"""Words in a table: marks for what is missing, truth values in any spelling, labels in several spellings."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

__all__ = ["EMPTY", "LIMITS", "MARKS", "cell_option", "folded", "merged", "truth"]

EMPTY = frozenset({"", "na", "n/a", "n.a.", "#n/a", "nan", "<na>", "null", "#null!"})
"""Cells, in small letters, that are missing in every column."""
MARKS = frozenset({"?", "??", ".", "..", "...", "*", "**", "-", "--", "---", "\u2013", "\u2014", "x", "_", ":"})
"""Marks that stand for what is missing where a column otherwise holds numbers or dates."""
WORDED = frozenset(
    {"none", "missing", "unknown", "not available", "not applicable", "no data", "nd", "n.d.", "nil", "k.a.", "k. a.",
     "not recorded", "refused", "n.s.", "bdl", "lod", "<na>", "blank", "empty", "tbd", "k.a", "s.o.",
     "#div/0!", "#value!", "#ref!", "#name?", "#num!"}
)  # fmt: skip
"""Words that do where a column otherwise holds numbers."""
LIMITS = re.compile(r"[<>≤≥]=?\s*([+-]?[\d.,]+\s*%?|l?lo[dq]|ulo[dq]|lod|mdl)$", re.IGNORECASE)
"""A value beyond what was measured, such as `<0.1`."""
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_PAIRS = (
    ("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"), ("ja", "nein"), ("j", "n"), ("oui", "non"),
    ("o", "n"), ("si", "no"), ("sí", "no"), ("sì", "no"), ("wahr", "falsch"), ("vrai", "faux"), ("1", "0"),
    (".true.", ".false."),
)  # fmt: skip
_YES = {yes for yes, _ in _PAIRS}
_NO = {no for _, no in _PAIRS}


def cell_option(option: str, column: str, cell: str) -> str:
    """An option of the command line that names a cell, in quotes where a shell would read more into it."""
    told = f"{column}={cell}"
    return f"--{option} {told}" if re.fullmatch(r"[\w=.,:%/+\-]+", told) else f'--{option} "{told}"'


def truth(words: Iterable[str]) -> Mapping[str, bool] | None:
    """The truth value of each word, where all are one, in more than one spelling or written true and false.

    One pair alone, such as yes and no, stays what it is: labels. So do the numbers 1 and 0.
    """
    small = {word: word.casefold() for word in words}
    spelt = set(small.values())
    if not spelt or not spelt <= _YES | _NO:
        return None
    pairs = [pair for pair in _PAIRS if spelt <= set(pair)]
    if not spelt & _YES or not spelt & _NO:
        return None
    told = ("true", "false") in pairs or ("wahr", "falsch") in pairs or (".true.", ".false.") in pairs
    if pairs and not told:
        return None
    if "n" in spelt & _YES:
        return None
    return {word: value in _YES for word, value in small.items()}


def folded(word: str) -> str:
    """A label without what differs by accident: case, blanks beside or inside, and marks that are not seen."""
    if not word.isascii():
        word = unicodedata.normalize("NFC", word).translate(_UNSEEN)
    return " ".join(word.split()).casefold()


def merged(counts: Mapping[str, int]) -> Mapping[str, str]:
    """For each label the commonest of those that differ from it in case or blanks alone."""
    alike: dict[str, list[str]] = defaultdict(list)
    for word in counts:
        alike[folded(word)].append(word)
    if len(alike) == len(counts):
        return {word: word for word in counts}
    best = {key: max(words, key=lambda word: (counts[word], word)) for key, words in alike.items()}
    return {word: best[folded(word)] for word in counts}
