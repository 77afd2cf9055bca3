"""Pairs under other names: those of other rows, coined ones, or with a word gone; what an answer rests on."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from aitia.systems.pywhy_llm.wording import Pair

__all__ = ["NAMES", "coined", "permuted", "under", "without_words"]

NAMES = ("own", "permuted", "coined", "described")
"""As they are; those of other rows; coined words without a description; coined words with the description."""
WORDS = 12
"""Words of a description that are deleted, one at a time."""
GONE = "___"
"""In the place of a name whose only word is gone."""
_BEGIN = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "t", "v", "z")
_MIDDLE, _END = ("a", "e", "i", "o", "u"), ("x", "b", "rp", "nk", "zz", "lt", "g")


def under(pairs: Sequence[Pair], names: str) -> list[Pair]:
    """The pairs under one of `NAMES`."""
    if names == "permuted":
        return permuted(pairs)
    return coined(pairs, described=names == "described") if names in NAMES[2:] else list(pairs)


def permuted(pairs: Sequence[Pair]) -> list[Pair]:
    """Each pair with the names of another: the second names move on by half of the rows."""
    shift = max(1, len(pairs) // 2)
    turned = [pairs[(k + shift) % len(pairs)] for k in range(len(pairs))]
    return [
        Pair(a.x, b.y if b.y != a.x else b.x, a.x_about, b.y_about if b.y != a.x else b.x_about)
        for a, b in zip(pairs, turned, strict=True)
    ]


def coined(pairs: Sequence[Pair], *, described: bool) -> list[Pair]:
    """Each name as a word that means nothing, the same wherever the name stands, in descriptions too.

    Example:
        >>> coined([Pair("altitude", "temperature")], described=False)
        [Pair(x='bax', y='dax', x_about='', y_about='')]
    """
    taken = {name: None for pair in pairs for name in (pair.x, pair.y)}
    fresh = (word for word in _coined_words() if word not in taken)
    word = {name: next(fresh) for name in taken}
    if not described:
        return [Pair(word[p.x], word[p.y]) for p in pairs]
    return [Pair(word[p.x], word[p.y], _told(p.x_about, p, word), _told(p.y_about, p, word)) for p in pairs]


def _told(about: str, pair: Pair, word: Mapping[str, str]) -> str:
    """A description that does not say the names that it describes."""
    for name in sorted((pair.x, pair.y), key=len, reverse=True):
        about = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", word[name], about, flags=re.IGNORECASE)
    return about


def _coined_words() -> Iterator[str]:
    syllables = [begin + middle + end for end, middle, begin in product(_END, _MIDDLE, _BEGIN)]
    yield from syllables
    yield from (f"{a}{b}" for a in syllables for b in syllables)


def without_words(pair: Pair) -> Iterator[tuple[str, str, Pair]]:
    """The pair with one word gone each time: where it stood (`name` or `description`), the word, the rest.

    Example:
        >>> [(where, word, rest.x, rest.y) for where, word, rest in without_words(Pair("river level", "rain"))]
        [('name', 'river', 'level', 'rain'), ('name', 'level', 'river', 'rain'), ('name', 'rain', 'river level', '___')]
    """
    for part in ("x", "y", "x_about", "y_about"):
        words = getattr(pair, part).split()
        where = "description" if part.endswith("_about") else "name"
        for k, word in enumerate(words if where == "name" else words[:WORDS]):
            rest = " ".join([*words[:k], *words[k + 1 :]])
            yield where, word, replace(pair, **{part: rest or (GONE if where == "name" else "")})
