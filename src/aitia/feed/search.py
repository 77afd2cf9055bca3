"""Search by meaning, by an encoder, or by words, by BM25; never a mixture of both, and the answer says which it was.

Similarities are exact: one product of a matrix of all vectors with that of the query. A vector is kept beside the hash
of its text and that of its encoder, so that a text that was revised and another encoder are encoded anew.
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
    """

    def __init__(self, store: Store, encoder: "Encoder | None" = None) -> None:
        self.items = all_items(store)
        self._encoder = encoder
        self._words = BM25([item.title for item in self.items], [item.abstract for item in self.items])
        self._vectors = None if encoder is None else _vectors(store, self.items, encoder)

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
        if self._encoder is None or self._vectors is None:
            return self._words.scores(query)
        found: NDArray[Any] = self._vectors @ self._encoder.encode([query], "query")[0]
        return found

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
        split = [sentences(item.abstract)[:MOST_SENTENCES] or [item.title] for item in items]
        if self._encoder is None:
            asked = {word: self._words.idf(word) for word in words(query)}
            told = [[sum(asked.get(word, 0.0) for word in dict.fromkeys(words(s))) for s in part] for part in split]
        else:
            vectors = self._encoder.encode([s for part in split for s in part])
            near = iter((vectors @ self._encoder.encode([query], "query")[0]).tolist()) if items else iter(())
            told = [[next(near) for _ in part] for part in split]
        return [part[int(np.argmax(scores))] for part, scores in zip(split, told, strict=True)]

    def nearest(self, item: Item, kind: str) -> Item | None:
        """The item of another kind that is nearest to this one; None where none has anything of it."""
        places = [k for k, other in enumerate(self.items) if other.kind == kind and other.number != item.number]
        own = next((k for k, other in enumerate(self.items) if other.number == item.number), None)
        if not places:
            return None
        if self._vectors is not None and own is not None:
            scores = self._vectors[places] @ self._vectors[own]
        else:
            scores = self._words.scores(item.text)[places]
        best = int(np.argmax(scores))
        return self.items[places[best]] if scores[best] > 0 else None


def _vectors(store: Store, items: Sequence[Item], encoder: "Encoder") -> NDArray[np.float32]:
    """(items, d), those that are not kept yet made now, some hundred at a time: what was made before a kill stays."""
    kept = {
        text: np.frombuffer(vector, dtype="<f4")
        for text, vector in store.read("SELECT text, vector FROM vectors WHERE encoder = ?", encoder.digest)
    }
    new = list({item.text_hash: item.text for item in items if item.text_hash not in kept}.items())
    for k in range(0, len(new), AT_ONCE):
        part = new[k : k + AT_ONCE]
        made = encoder.encode([text for _, text in part]).astype("<f4")
        with store.writing() as db:
            db.executemany(
                "INSERT OR IGNORE INTO vectors (text, encoder, vector) VALUES (?, ?, ?)",
                [(digest, encoder.digest, row.tobytes()) for (digest, _), row in zip(part, made, strict=True)],
            )
        kept |= {digest: row for (digest, _), row in zip(part, made, strict=True)}
    if not items:
        return np.zeros((0, 1), np.float32)
    return np.stack([kept[item.text_hash] for item in items]).astype(np.float32)
