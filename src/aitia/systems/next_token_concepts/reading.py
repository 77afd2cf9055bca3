"""Rows as pairs of texts that differ in one concept, or as texts with concepts beside them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, OptionError, join_names
from aitia.system import Given

__all__ = ["FEWEST", "THIN", "Concept", "Examples", "examples_of", "halves_of", "place_of"]

Rows = NDArray[np.int64]

FEWEST, THIN = 4, 10
"""Pairs of a concept, or texts of each value, at least; fewer than so many are told."""
PRESENT = ("present", "yes", "true", "1", "1.0")
ABSENT = ("absent", "no", "false", "0", "0.0")


@dataclass(frozen=True, eq=False)
class Concept:
    """The texts with a concept and those without it.

    Args:
        name: Of the concept.
        without: Places among the texts.
        with_it: Places among the texts; of pairs, entry i belongs to entry i of `without`.
        paired: Whether they are pairs.
    """

    name: str
    without: Rows
    with_it: Rows
    paired: bool

    def __len__(self) -> int:
        return min(len(self.without), len(self.with_it))

    def take(self, without: Rows, with_it: Rows) -> "Concept":
        """Some of the texts."""
        return Concept(self.name, self.without[without], self.with_it[with_it], self.paired)

    @property
    def rows(self) -> Rows:
        """All of its places, those without it first."""
        return np.concatenate([self.without, self.with_it])

    @property
    def codes(self) -> Rows:
        """0 or 1 for each of `rows`."""
        return np.repeat([0, 1], [len(self.without), len(self.with_it)])


@dataclass(frozen=True, eq=False)
class Examples:
    """Texts and the concepts among them.

    Args:
        texts: Of pairs, each once.
        concepts: In the order of the rows, or of the columns.
        notes: What was left out, in sentences.
        places: Where each text stands first, for messages.
    """

    texts: tuple[str, ...]
    concepts: tuple[Concept, ...]
    notes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the concepts."""
        return tuple(concept.name for concept in self.concepts)


def examples_of(given: Given, fewest: int = FEWEST) -> Examples:
    """What is given, as texts with their concepts.

    Args:
        given: Rows with the roles of pairs, or of texts with labels.
        fewest: Pairs of a concept, or texts of each value, at least.

    Raises:
        OptionError: If neither the roles of pairs nor those of texts are there.
        DataError: If a text is empty, a pair stands under two concepts, or a concept has too few texts, one value, or
            more than two; names the row or the concept.
    """
    there = {role for role in ("x0", "x1", "concept", "text") if _has(given, role)}
    if {"x0", "x1"} <= there:
        if "concept" not in there:
            raise OptionError("pairs need a column that names the concept in which the two differ: say which (concept)")
        return _of_pairs(given, fewest)
    labels = [name for name in given.columns("labels") if name in given.table]
    if "text" in there and labels:
        return _of_labels(given, labels, fewest)
    raise OptionError(
        "give pairs (concept, x0, x1) of a text without and one with a concept, or texts (text) with concepts beside "
        f"them (labels); the columns are {join_names(given.table.names)}"
    )


def place_of(given: Given, role: str, row: int) -> str:
    """Where a text stands, such as `row 3, column 'x0'`."""
    return f"row {given.row_number(row)}, column {given.column(role)!r}"


def _has(given: Given, role: str) -> bool:
    return (name := given.column(role)) is not None and name in given.table


def _texts(given: Given, role: str) -> list[str]:
    texts = given.texts(role)
    if empty := [row for row, text in enumerate(texts) if not text.strip()]:
        raise DataError(f"row {empty[0]} has no {given.column(role)}: drop it")
    return texts


def _of_pairs(given: Given, fewest: int) -> Examples:
    first, second, names = _texts(given, "x0"), _texts(given, "x1"), given.labels("concept").tolist()
    place: dict[str, int] = {}
    places: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    same: list[int] = []
    for row, (a, b, name) in enumerate(zip(first, second, names, strict=True)):
        if a == b:
            same.append(row)
            continue
        other = seen.setdefault((a, b), row)
        if names[other] != name:
            raise DataError(
                f"rows {other} and {row} are one pair ({a[:40]!r}, {b[:40]!r}) under {names[other]!r} and {name!r}: "
                "a pair differs in one concept"
            )
        for text, role in ((a, "x0"), (b, "x1")):
            if text not in place:
                place[text] = len(place)
                places.append(place_of(given, role, row))
    concepts = []
    for name in dict.fromkeys(names):
        rows = [row for (a, b), row in seen.items() if names[row] == name]
        if len(rows) < fewest:
            raise DataError(
                f"concept {name!r} has {len(rows)} different pair{'s' * (len(rows) != 1)}, at least {fewest} are needed"
            )
        sides = [np.array([place[side[row]] for row in rows], dtype=np.int64) for side in (first, second)]
        concepts.append(Concept(name, sides[0], sides[1], True))
    told = f"{len(same)} pairs are left out, whose two texts are the same (the first is row {same[0]})" if same else ""
    return Examples(tuple(place), tuple(concepts), (told,) if same else (), tuple(places))


def _of_labels(given: Given, labels: list[str], fewest: int) -> Examples:
    texts = _texts(given, "text")
    concepts = []
    for name in labels:
        if given.table.absent(name).any():
            raise DataError(f"{name!r} is missing in row {int(given.table.absent(name).argmax())}: drop the row")
        said = np.array([str(label) for label in given.table.labels(name)])
        values = sorted(set(said.tolist()))
        if len(values) < 2:
            raise DataError(f"concept {name!r} is {values[0]!r} in every text: a probe has nothing to tell apart")
        if len(values) > 2:
            raise DataError(
                f"concept {name!r} has {len(values)} values ({join_names(values, 4)}): a concept is there or is not, "
                "so make a column of each value"
            )
        with_it = _value_of_presence(values)
        if with_it is None:
            raise DataError(
                f"concept {name!r} is {values[0]!r} or {values[1]!r}: say which means that it is there, with present "
                "and absent, yes and no, or 1 and 0"
            )
        sides = [np.flatnonzero(said != with_it), np.flatnonzero(said == with_it)]
        if (least := min(map(len, sides))) < fewest:
            raise DataError(f"concept {name!r} has a value with {least} texts, at least {fewest} are needed")
        concepts.append(Concept(name, sides[0], sides[1], False))
    places = tuple(place_of(given, "text", row) for row in range(len(texts)))
    return Examples(tuple(texts), tuple(concepts), places=places)


def _value_of_presence(values: list[str]) -> str | None:
    """Which of two values says that a concept is there; None where no word tells."""
    said = [value for value in values if value.lower() in PRESENT]
    left = [value for value in values if value.lower() not in ABSENT]
    return said[0] if said else left[0] if len(left) == 1 else None


def halves_of(examples: Examples, share: float, seed: int) -> tuple[tuple[Concept, ...], tuple[Concept, ...]]:
    """The concepts on two sets of texts that share none within a concept: for the probes, and for the directions.

    Pairs that have a text in common stay together. Each half of a concept has two pairs, or two texts of each value,
    at least.

    Raises:
        DataError: If pairs hang together so that they do not come apart; names the concept.
    """
    one, two = [], []
    rng = np.random.default_rng([seed, 29])
    text_half = rng.random(len(examples.texts)) < share
    for concept in examples.concepts:
        if concept.paired:
            first = _pairs_apart(concept, share, rng)
            picks = [(np.flatnonzero(side), np.flatnonzero(side)) for side in (first, ~first)]
        else:
            sides = [_at_least_two(text_half[rows], rng) for rows in (concept.without, concept.with_it)]
            picks = [(np.flatnonzero(sides[0] == value), np.flatnonzero(sides[1] == value)) for value in (True, False)]
        one.append(concept.take(*picks[0]))
        two.append(concept.take(*picks[1]))
    return tuple(one), tuple(two)


def _at_least_two(half: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """The same, with two on either side where one is short."""
    for value in (True, False):
        short = 2 - int((half == value).sum())
        if short > 0:
            half = half.copy()
            half[rng.permutation(np.flatnonzero(half != value))[:short]] = value
    return half


def _pairs_apart(concept: Concept, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which pairs are of the first half: groups of pairs with common texts, in random order, until it is full."""
    root = np.arange(len(concept))

    def top(k: int) -> int:
        while root[k] != k:
            k = int(root[k])
        return k

    owner: dict[int, int] = {}
    for k, texts in enumerate(zip(concept.without.tolist(), concept.with_it.tolist(), strict=True)):
        for text in texts:
            root[top(k)] = top(owner.setdefault(text, k))
    group = np.array([top(k) for k in range(len(concept))])
    wanted = min(max(round(share * len(concept)), 2), len(concept) - 2)
    first = np.zeros(len(concept), dtype=bool)
    for name in rng.permutation(np.unique(group)).tolist():
        members = group == name
        if first.sum() + members.sum() <= wanted or (first.sum() < 2 and (~first & ~members).sum() >= 2):
            first |= members
    if min(first.sum(), (~first).sum()) < 2:
        raise DataError(
            f"the pairs of concept {concept.name!r} share their texts, so that no two sets of them are apart: add pairs"
        )
    return first
