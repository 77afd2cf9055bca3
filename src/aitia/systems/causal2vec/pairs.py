"""Queries with what they are to find, as rows say them, and as the batches of a training."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError
from aitia.system import Given
from aitia.systems.causal2vec.layout import Laid, Layout

__all__ = ["PairBatches", "Pairs", "pairs_of", "shortened", "texts_of"]


@dataclass(frozen=True)
class Pairs:
    """Queries, n of them.

    Args:
        queries: Texts.
        positives: What each is to find.
        negatives: What each is not to find; none where nobody says.
        instructions: What stands before each query.
        rows: The number of each in what the user gave, for messages; empty where these are all in their order.
    """

    queries: list[str]
    positives: list[str]
    negatives: list[list[str]]
    instructions: list[str]
    rows: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def texts(self) -> list[str]:
        """Every text once."""
        return list(dict.fromkeys([*self.queries, *self.positives, *(text for of in self.negatives for text in of)]))

    def place(self, row: int, what: str) -> str:
        """Where a text stands, such as `row 3 (positive)`."""
        return f"row {self.rows[row] if self.rows else row} ({what})"


def texts_of(given: Given) -> tuple[list[str], list[str]]:
    """The texts of rows and what stands before each.

    Raises:
        DataError: If a text is empty; names the row.
    """
    texts = given.texts("text")
    for row, text in enumerate(texts):
        if not text.strip():
            raise DataError(f"the text of row {row} is empty: drop the row")
    column = given.column("instruction")
    told = given.table.texts(column) if column is not None and column in given.table else [""] * len(texts)
    return texts, told


def pairs_of(given: Given) -> Pairs:
    """Queries, positives and negatives of rows.

    Raises:
        DataError: If a query has no positive, a text is empty, a text is its own negative, or there is nothing that a
            query could be held against; names the row.
    """
    texts, told = texts_of(given)
    column = given.column("positive")
    if column is None or column not in given.table:
        raise DataError("no column says what a query is to find: name it (--positive)")
    positives = given.table.texts(column)
    gone = given.table.absent(column)
    for row, text in enumerate(positives):
        if gone[row] or not text.strip():
            raise DataError(f"the query of row {row} has no positive: fill it in, or drop the row")
    listed = given.column("negatives")
    lists = given.table.lists(listed) if listed is not None and listed in given.table else [[]] * len(texts)
    negatives = [[str(text) for text in held] for held in lists]
    for name in given.columns("negative"):
        if name in given.table:
            without = given.table.absent(name)
            negatives = [
                held if without[row] else [*held, text]
                for row, (held, text) in enumerate(zip(negatives, given.table.texts(name), strict=True))
            ]
    for row, held in enumerate(negatives):
        if any(not text.strip() for text in held):
            raise DataError(f"a negative of row {row} is empty: leave it out")
        if positives[row] in held:
            raise DataError(f"row {row} has its positive among its negatives, {positives[row]!r}: leave one out")
    if len(set(positives)) < 2 and not any(negatives):
        raise DataError(
            "all rows have one positive and no negatives, so that a query has nothing to be held against: give more "
            "rows, or negatives"
        )
    return Pairs(texts, positives, negatives, told, tuple(given.row_number(row) for row in range(len(texts))))


@dataclass
class PairBatches:
    """Batches of queries, each with its positive and one of its negatives, in another order each epoch.

    A query without negatives is held against one of somebody else's, so that all batches are of one shape.

    Args:
        pairs: All of them.
        layout: Puts texts on tokens.
        size: Queries a step, over all processes.
        seed: Of order and negatives.

    Attributes:
        cut: Where the texts stand that the decoder has no room for, each once.
        unread: The same of the encoder.
    """

    pairs: Pairs
    layout: Layout
    size: int
    seed: int = 0
    cut: tuple[str, ...] = field(init=False)
    unread: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        pairs = self.pairs
        documents = list(dict.fromkeys([*pairs.positives, *(text for of in pairs.negatives for text in of)]))
        self._place = {text: k for k, text in enumerate(documents)}
        self._queries = self.layout.laid(pairs.queries, pairs.instructions)
        self._documents = self.layout.laid(documents)
        self._same = torch.tensor([self._place[text] for text in pairs.positives])
        self._with = [row for row, held in enumerate(pairs.negatives) if held]
        places = [pairs.place(row, "query") for row in range(len(pairs))] + _places(pairs)
        laid = list(zip(places, [*self._queries, *self._documents], strict=True))
        self.cut = tuple(place for place, one in laid if one.cut)
        self.unread = tuple(place for place, one in laid if one.unread)
        self._orders: dict[int, NDArray[np.int64]] = {}

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """The tensors of the embedder, queries before positives before negatives; how many queries; equal positives."""
        rows = [self._row(place) for place in range(step * self.size, (step + 1) * self.size)][rank::ranks]
        laid = [self._queries[row] for row in rows] + [self._document(self.pairs.positives[row]) for row in rows]
        if self._with:
            random = np.random.default_rng([self.seed, step, rank, 1])
            for row in rows:
                held = self.pairs.negatives[row] or self.pairs.negatives[self._with[random.integers(len(self._with))]]
                laid.append(self._document(held[random.integers(len(held))]))
        return (*self.layout.tensors(laid), torch.tensor(len(rows)), self._same[rows])

    def _document(self, text: str) -> Laid:
        return self._documents[self._place[text]]

    def _row(self, place: int) -> int:
        epoch, within = divmod(place, len(self.pairs))
        if epoch not in self._orders:
            if len(self._orders) > 8:
                self._orders.clear()
            self._orders[epoch] = np.random.default_rng([self.seed, epoch]).permutation(len(self.pairs))
        return int(self._orders[epoch][within])


def _places(pairs: Pairs) -> list[str]:
    """Where each document stands first, positives before negatives."""
    found: dict[str, str] = {}
    for row, text in enumerate(pairs.positives):
        found.setdefault(text, pairs.place(row, "positive"))
    for row, held in enumerate(pairs.negatives):
        for text in held:
            found.setdefault(text, pairs.place(row, "negative"))
    return list(found.values())


def shortened(texts: Sequence[str], most: int, seed: int) -> list[str]:
    """So many of the texts, drawn."""
    if len(texts) <= most:
        return list(texts)
    return [texts[k] for k in np.sort(np.random.default_rng(seed).permutation(len(texts))[:most])]
