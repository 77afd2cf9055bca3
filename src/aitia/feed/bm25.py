"""BM25 over titles and abstracts, the titles twice: what finds names, and is there without any model.

    score(q, i) = sum over words w of q of  idf(w) tf (k1 + 1) / (tf + k1 (1 - b + b length_i / mean length)),
    idf(w) = log(1 + (n - n_w + 1/2) / (n_w + 1/2)),   k1 = 1.5, b = 0.75

with tf the count of w in item i, n items, n_w of which have w.

Reference: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), equation 3.15.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

__all__ = ["BM25", "words"]

K1, B, TITLE = 1.5, 0.75, 2


def words(text: str) -> list[str]:
    """The words of a text, in small letters.

    Example:
        >>> words("GPT-2: one-token models")
        ['gpt', '2', 'one', 'token', 'models']
    """
    return re.findall(r"\w+", text.casefold())


class BM25:
    """An index.

    Args:
        titles: One an item.
        abstracts: One an item.

    Example:
        >>> index = BM25(["Causal graphs", "Soup"], ["", "Of beans and of tomatoes."])
        >>> index.scores("graphs of tables").argmax()
        np.int64(0)
    """

    def __init__(self, titles: Sequence[str], abstracts: Sequence[str]) -> None:
        self.size = len(titles)
        places: dict[str, list[int]] = defaultdict(list)
        counts: dict[str, list[int]] = defaultdict(list)
        lengths = np.zeros(self.size)
        for k, (title, abstract) in enumerate(zip(titles, abstracts, strict=True)):
            counted = Counter(words(title) * TITLE + words(abstract))
            lengths[k] = counted.total()
            for word, count in counted.items():
                places[word].append(k)
                counts[word].append(count)
        self._places = {word: np.array(found) for word, found in places.items()}
        self._counts = {word: np.array(found, dtype=float) for word, found in counts.items()}
        self._having = {word: len(found) for word, found in places.items()}
        mean = lengths.mean() if self.size and lengths.any() else 1.0
        self._penalty = K1 * (1 - B + B * lengths / mean)

    def idf(self, word: str) -> float:
        """How much a word tells items apart; that of a word that no item has is the largest."""
        having = self._having.get(word, 0)
        return float(np.log1p((self.size - having + 0.5) / (having + 0.5)))

    def among(self, places: NDArray[np.intp]) -> "BM25":
        """The same index, which scores these items alone: quicker where they are few. All others have 0."""
        fine = np.zeros(self.size, dtype=bool)
        fine[places] = True
        only = copy(self)
        kept = {word: fine[found] for word, found in self._places.items()}
        only._places = {word: found[kept[word]] for word, found in self._places.items() if kept[word].any()}
        only._counts = {word: self._counts[word][kept[word]] for word in only._places}
        return only

    def scores(self, query: str) -> NDArray[np.float64]:
        """(items,) the score of each; 0 where no word of the query stands."""
        found = np.zeros(self.size)
        for word, times in Counter(words(query)).items():
            if (places := self._places.get(word)) is not None:
                counts = self._counts[word]
                found[places] += times * self.idf(word) * counts * (K1 + 1) / (counts + self._penalty[places])
        return found
