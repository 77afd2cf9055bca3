"""The variables of a text: their names and other wordings, where they are mentioned, and which of two lists are one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from aitia.errors import DataError

__all__ = ["Mention", "Nodes", "matched", "normalised"]

_EMPTY = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "in",
        "on",
        "to",
        "and",
        "or",
        "its",
        "their",
        "this",
        "that",
        "by",
        "with",
        "from",
        "at",
    ]
)


@dataclass(frozen=True)
class Mention:
    """Where a text speaks of a variable.

    Args:
        node: Its number.
        start: First character in the text.
        stop: The character behind the last.
    """

    node: int
    start: int
    stop: int


@dataclass(frozen=True)
class Nodes:
    """Variables, each with the wordings that a text may have for it, its name first.

    Raises:
        DataError: If there are fewer than two, a wording is empty, or two variables share one.
    """

    wordings: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, given: Sequence[object], row: int | str) -> "Nodes":
        """From names, or lists of wordings, as a cell has them."""
        where = f"row {row}, column of nodes"
        made: list[tuple[str, ...]] = []
        for one in given:
            words = [one] if isinstance(one, str) else one
            if not isinstance(words, (list, tuple)) or not words or not all(isinstance(w, str) for w in words):
                raise DataError(f"{where}: a variable is a name or a list of wordings, got {str(one)[:60]}")
            made.append(tuple(dict.fromkeys(w.strip() for w in words)))
        if len(made) < 2:
            raise DataError(f"{where}: a graph needs 2 variables or more, got {len(made)}")
        owner: dict[str, int] = {}
        for k, words in enumerate(made):
            for word in words:
                if not word:
                    raise DataError(f"{where}: variable {k + 1} has an empty wording")
                if owner.setdefault(word.lower(), k) != k:
                    raise DataError(f"{where}: {word!r} is said twice: remove one, or give both variables other names")
        return cls(tuple(made))

    @property
    def names(self) -> tuple[str, ...]:
        """The first wording of each."""
        return tuple(words[0] for words in self.wordings)

    @cached_property
    def _owner(self) -> dict[str, int]:
        return {" ".join(w.lower().split()): k for k, words in enumerate(self.wordings) for w in words}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._owner, key=len, reverse=True)
        said = "|".join(r"\s+".join(map(re.escape, words.split())) for words in longest_first)
        return re.compile(rf"(?<![\w-])(?:{said})(?![\w-])", re.IGNORECASE)

    def mentions(self, text: str, start: int = 0) -> list[Mention]:
        """Where a text says one of the wordings, the longest where several begin at one place, in order.

        Args:
            text: A sentence.
            start: Of the sentence in the whole text.
        """
        found = []
        for match in self._pattern.finditer(text):
            node = self._owner[" ".join(match.group().lower().split())]
            found.append(Mention(node, start + match.start(), start + match.end()))
        return found


def normalised(name: str) -> frozenset[str]:
    """The words that carry a name, in no order and without endings of plurals.

    Example:
        >>> normalised("the prices of housing") == normalised("Housing price")
        True
    """
    words = [w for w in re.findall(r"\w+", name.lower()) if w not in _EMPTY]
    return frozenset(_singular(w) for w in words) or frozenset(re.findall(r"\w+", name.lower()))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def matched(true: Sequence[str], found: Sequence[str]) -> dict[str, str]:
    """Which found name is which true one: one to one, exact before the same words before most words in common.

    Two names are one where at least half of their words are the same. The assignment with the largest sum is taken
    (Hungarian method), so that two wordings of one variable are not both counted.

    Returns:
        From a found name to a true one, for those that have one.
    """
    from scipy.optimize import linear_sum_assignment

    if not true or not found:
        return {}
    bags = [[normalised(name) for name in names] for names in (true, found)]
    score = np.zeros((len(true), len(found)))
    for i, a in enumerate(true):
        for j, b in enumerate(found):
            common = len(bags[0][i] & bags[1][j]) / len(bags[0][i] | bags[1][j])
            score[i, j] = 3.0 if a == b else 2.0 if common == 1 else common if common >= 0.5 else 0.0
    rows, columns = linear_sum_assignment(score, maximize=True)
    return {found[j]: true[i] for i, j in zip(rows, columns, strict=True) if score[i, j] > 0}
