"""Search by meaning, by an encoder, or by words, by BM25; never a mixture of both, and the answer says which it was.

By meaning an item is as near as its whole text and its nearest sentence are in the mean: the whole alone drowns the one
sentence that answers, and sentences alone know nothing of what they are about. Similarities are exact: one product of
all vectors with that of the query. Vectors are kept beside the hash of their text and that of their encoder, so that a
text that was revised and another encoder are encoded anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.feed.bm25 import BM25, words
from aitia.feed.items import Item, all_items
from aitia.feed.plain import sentences
from aitia.feed.store import Store

if TYPE_CHECKING:
    from aitia.feed.encoders import Encoder

__all__ = ["Hit", "Searcher"]

LONGEST_QUERY = 2000
MOST_SENTENCES = 12
"""Of a text that are looked at for the one that says why it was found."""
AT_ONCE = 256


@dataclass(frozen=True)
class Hit:
    """An item that was found.

    Args:
        item: It.
        score: Cosine, -1 to 1, of an encoder; BM25's otherwise, above 0.
        reason: The sentence of its abstract that is nearest to the query; its title where it has none.
    """

    item: Item
    score: float
    reason: str


class Searcher:
    """All items of a store as they are now, ready to be searched.

    Args:
        store: Of the items; vectors that it lacks are made and kept.
        encoder: By whose vectors; None searches by words.
        kinds: Of items that are looked at, such as `system`; all where none is named.
    """

    def __init__(self, store: Store, encoder: "Encoder | None" = None, kinds: Sequence[str] = ()) -> None:
        self.items = [item for item in all_items(store) if not kinds or item.kind in kinds]
        self._encoder = encoder
        self._words = BM25([item.title for item in self.items], [item.abstract for item in self.items])
        self._vectors = None if encoder is None or not self.items else _Vectors(store, self.items, encoder)
        self._places = {item.number: place for place, item in enumerate(self.items)}
        self._asked: tuple[str, NDArray[np.float32]] | None = None
        self._nearest: dict[tuple[int, str], Item | None] = {}  # a digest of each subscriber asks for the same ones
        self._kinds: dict[str, tuple[NDArray[np.intp], BM25]] = {}

    @property
    def by(self) -> str:
        """What searches."""
        return "BM25" if self._encoder is None else f"{self._encoder.name} ({self._encoder.digest[:12]})"

    def similarities(self, query: str) -> NDArray[Any]:
        """(items,) how near each item is to a text.

        Raises:
            OptionError: If it has no word.
        """
        if not words(query):
            raise OptionError("a query has a word at least")
        query = query[:LONGEST_QUERY]
        if self._encoder is None:
            return self._words.scores(query)
        if self._vectors is None:
            return np.zeros(0)
        return self._vectors.similarities(self._encoded(self._encoder, query))

    def search(self, query: str, k: int = 10, kinds: Sequence[str] = ()) -> list[Hit]:
        """The nearest items, at most k; of items as near as each other the later one comes first.

        Args:
            query: In anybody's own words.
            k: How many.
            kinds: Of items, such as `system`; all where none is named.

        Raises:
            OptionError: If the query has no word, or k is no number above 0.
        """
        if k < 1:
            raise OptionError(f"k is how many are shown, 1 or more, got {k}")
        scores = self.similarities(query)
        fine = np.array([not kinds or item.kind in kinds for item in self.items], dtype=bool)
        if self._encoder is None:
            fine &= scores > 0
        places = np.flatnonzero(fine)
        best = places[np.argsort(-scores[places], kind="stable")][:k]
        reasons = self.reasons(query, [self.items[place] for place in best])
        return [
            Hit(self.items[place], float(scores[place]), reason) for place, reason in zip(best, reasons, strict=True)
        ]

    def reasons(self, query: str, items: Sequence[Item]) -> list[str]:
        """Of each item the sentence of its abstract that is nearest to the query, the first of those as near."""
        query = query[:LONGEST_QUERY]
        split = [parts(item)[1:] or [item.title] for item in items]
        if self._encoder is None or self._vectors is None:
            asked = {word: self._words.idf(word) for word in words(query)}
            told = [[sum(asked.get(word, 0.0) for word in dict.fromkeys(words(s))) for s in part] for part in split]
        else:
            vector = self._encoded(self._encoder, query)
            told = [
                (self._vectors.parts_of(self._places[item.number])[-len(part) :] @ vector).tolist()
                for item, part in zip(items, split, strict=True)
            ]
        return [part[int(np.argmax(scores))] for part, scores in zip(split, told, strict=True)]

    def _encoded(self, encoder: "Encoder", query: str) -> NDArray[np.float32]:
        """The vector of a query; it is asked for twice in a row, by the search and by its reasons."""
        if self._asked is None or self._asked[0] != query:
            self._asked = query, encoder.encode([query], "query")[0]
        return self._asked[1]

    def nearest(self, item: Item, kind: str) -> Item | None:
        """The item of another kind that is nearest to this one; None where none has anything of it, or it is gone."""
        if item.number not in self._places:
            return None
        if (item.number, kind) not in self._nearest:
            self._nearest[item.number, kind] = self._nearest_of(item, kind)
        return self._nearest[item.number, kind]

    def _nearest_of(self, item: Item, kind: str) -> Item | None:
        if kind not in self._kinds:
            found = np.flatnonzero([other.kind == kind for other in self.items])
            self._kinds[kind] = found, self._words.among(found)
        places, index = self._kinds[kind]
        places = places[places != self._places[item.number]]
        if not len(places):
            return None
        if self._vectors is not None:
            scores = self._vectors.whole[places] @ self._vectors.whole[self._places[item.number]]
        else:
            scores = index.scores(item.text)[places]
        best = int(np.argmax(scores))
        return self.items[places[best]] if scores[best] > 0 else None


def parts(item: Item) -> list[str]:
    """The title of an item and the first sentences of its abstract, each of which has a vector of its own."""
    return [item.title, *sentences(item.abstract)[:MOST_SENTENCES]]


class _Vectors:
    """Of each item that of its whole text and those of its parts.

    Args:
        store: That keeps them; those that it lacks are made some hundred at a time, and what was made stays.
        items: Of the store; one at least.
        encoder: That makes them.
    """

    def __init__(self, store: Store, items: Sequence[Item], encoder: "Encoder") -> None:
        kept = {
            text: np.frombuffer(vectors, dtype="<f4").reshape(rows, -1)
            for text, rows, vectors in store.read(
                "SELECT text, rows, vectors FROM vectors WHERE encoder = ?", encoder.digest
            )
        }
        new = list({item.text_hash: item for item in items if item.text_hash not in kept}.items())
        for k in range(0, len(new), AT_ONCE):
            made = _made([item for _, item in new[k : k + AT_ONCE]], encoder)
            with store.writing() as db:
                db.executemany(
                    "INSERT OR IGNORE INTO vectors (text, encoder, rows, vectors) VALUES (?, ?, ?, ?)",
                    [(text, encoder.digest, len(of), of.tobytes())
                     for (text, _), of in zip(new[k : k + AT_ONCE], made, strict=True)],
                )  # fmt: skip
            kept |= {text: of for (text, _), of in zip(new[k : k + AT_ONCE], made, strict=True)}
        found = [kept[item.text_hash] for item in items]
        self.whole: NDArray[np.float32] = np.stack([of[0] for of in found]).astype(np.float32)
        self._parts: NDArray[np.float32] = np.concatenate([of[1:] for of in found]).astype(np.float32)
        self._ends = np.cumsum([len(of) - 1 for of in found])

    def similarities(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """(items,) the mean of the cosine with the whole and the largest of those with the parts."""
        begins = np.concatenate([[0], self._ends[:-1]])
        near: NDArray[np.float32] = np.maximum.reduceat(self._parts @ query, begins)
        found: NDArray[np.float32] = np.float32(0.5) * (self.whole @ query + near)
        return found

    def parts_of(self, place: int) -> NDArray[np.float32]:
        """(parts, d) of one item."""
        return self._parts[self._ends[place - 1] if place else 0 : self._ends[place]]


def _made(items: Sequence[Item], encoder: "Encoder") -> list[NDArray[np.float32]]:
    """(1 + parts, d) of each item."""
    texts = [[item.text, *parts(item)] for item in items]
    vectors = encoder.encode([text for of in texts for text in of]).astype("<f4")
    return np.split(vectors, np.cumsum([len(of) for of in texts])[:-1])
