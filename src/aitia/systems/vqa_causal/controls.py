"""What answers reach that look at no picture: by words and their places, by pronouns, by length.

    P(the first of two sentences is true) = sigma( w . (f(first) - f(second)) )                                     (1)

f counts each word before the connective and each behind it. w is fitted to the rows of the fit with a ridge; the same
picture never stands on both sides of a fold.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.systems.vqa_causal.connectives import Clauses
from aitia.systems.vqa_causal.items import Pairs
from aitia.systems.vqa_causal.small import words_of

__all__ = ["TextOnly", "folded", "no_pronoun_first", "share_right", "shorter"]

Values = NDArray[np.float64]
PRONOUNS = frozenset(
    ("it", "they", "he", "she", "its", "their", "his", "her", "it's", "they're", "he's", "she's", "them", "to", "this")
)


def share_right(margins: Values, right: NDArray[np.int64]) -> Values:
    """(m,) 1 where the choice is right, 0.5 where there is none, 0 where it is wrong, of the rows that have a label."""
    labelled = right >= 0
    signs = np.sign(margins[labelled]) * (1 - 2 * right[labelled])
    return np.asarray((signs + 1) / 2, dtype=np.float64)


def no_pronoun_first(pairs: Pairs) -> Values:
    """(n,) margin of the sentence that does not begin with a pronoun, as "it" or "they"; 0 where both or neither do."""

    def begins(text: str) -> float:
        return float(bool(words := words_of(text)) and words[0] in PRONOUNS)

    return np.array([begins(b) - begins(a) for a, b in zip(pairs.sentences, pairs.reverses, strict=True)])


def shorter(pairs: Pairs) -> Values:
    """(n,) margin of the sentence with fewer letters."""
    return np.array([float(len(b) - len(a)) for a, b in zip(pairs.sentences, pairs.reverses, strict=True)])


class TextOnly:
    """(1), after `fit`.

    Args:
        ridge: Weight of |w|^2 / 2, beside the sum of the losses.
    """

    def __init__(self, ridge: float = 1.0) -> None:
        self.ridge = ridge
        self.words: dict[str, int] = {}
        self.weights = np.zeros(0)

    def fit(self, pairs: Pairs) -> "TextOnly":
        """Learns from the rows that have a label."""
        rows = pairs.take(np.flatnonzero((pairs.right >= 0) & ~pairs.same))
        said = [name for pair in _told(rows) for side in pair for name in side]
        self.words = {name: k for k, name in enumerate(sorted(set(said)))}
        x = torch.from_numpy(self._features(rows))
        y = torch.from_numpy(1.0 - 2.0 * rows.right)
        w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
        if len(rows) and len(w):
            descent = torch.optim.LBFGS([w], max_iter=100, line_search_fn="strong_wolfe")

            def lost() -> Tensor:
                descent.zero_grad()
                loss = torch.nn.functional.softplus(-y * (x @ w)).sum() + 0.5 * self.ridge * (w @ w)
                loss.backward()  # type: ignore[no-untyped-call]
                return loss

            descent.step(lost)  # type: ignore[no-untyped-call]
        self.weights = w.detach().numpy().copy()
        return self

    def margins(self, pairs: Pairs) -> Values:
        """(n,) of the sentence over its reverse."""
        found: Values = self._features(pairs) @ self.weights
        return np.where(pairs.same, 0.0, found)

    def _features(self, pairs: Pairs) -> Values:
        x = np.zeros((len(pairs), len(self.words)))
        for row, pair in enumerate(_told(pairs)):
            for sign, side in zip((1.0, -1.0), pair, strict=True):
                for name in side:
                    if name in self.words:
                        x[row, self.words[name]] += sign
        return x


def folded(pairs: Pairs, groups: Sequence[object], folds: int = 5, seed: int = 0) -> Values:
    """(n,) margins of texts alone, each row by a fit to other groups (pictures)."""
    names, group = np.unique([str(g) for g in groups], return_inverse=True)
    fold = np.random.default_rng(seed).permutation(np.arange(len(names)) % folds)[group]
    margins = np.zeros(len(pairs))
    for k in range(folds):
        held = np.flatnonzero(fold == k)
        if len(held):
            margins[held] = TextOnly().fit(pairs.take(np.flatnonzero(fold != k))).margins(pairs.take(held))
    return margins


def _told(pairs: Pairs) -> list[tuple[list[str], list[str]]]:
    """Of each row the words of both sentences, each with its side of the connective."""
    sides = ((pairs.sentences, pairs.parts), (pairs.reverses, pairs.reverse_parts))
    first, second = ([_sides(text, part) for text, part in zip(*side, strict=True)] for side in sides)
    return list(zip(first, second, strict=True))


def _sides(text: str, part: Clauses | None) -> list[str]:
    """Without a connective, the halves of the text."""
    words = words_of(text)
    half = len(words) // 2
    sides = (words[:half], words[half:]) if part is None else (words_of(part.first), words_of(part.second))
    return [f"{name} {word}" for name, side in zip(("before", "behind"), sides, strict=True) for word in side]
