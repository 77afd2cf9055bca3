"""What is learnt of how texts say a cause: a logistic regression over the words around two mentions.

    P(none, forward, backward | words before, between and behind, how far apart) = softmax(W x + b)                (1)

The variables themselves are masked. Looked at are two mentions of different variables in one sentence, or in two that
follow one another; the edge is the one of the text's graph, so that a pair that is merely mentioned teaches `none`.
"""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError
from aitia.systems.recast.nodes import Mention, Nodes
from aitia.systems.recast.rules import Found
from aitia.systems.recast.sentences import Sentence, sentences_of

__all__ = ["Tagger", "candidates"]

NONE, FORWARD, BACKWARD = 0, 1, 2
AROUND = 4
"""Words that are read before the first mention and behind the second."""
LEAST = 2
"""How often a feature has to be seen."""


@dataclass(frozen=True)
class Candidate:
    """Two mentions, what is read around them, and where that stands.

    Args:
        first: The earlier mention.
        second: The later one.
        features: How often each is there.
        start: First character of the sentences that are read.
        stop: The character behind their last.
    """

    first: Mention
    second: Mention
    features: Counter[str]
    start: int
    stop: int


def candidates(text: str, nodes: Nodes, nearest: int) -> list[Candidate]:
    """What (1) looks at in a text.

    Args:
        text: The text.
        nodes: Its variables.
        nearest: Mentions of other variables that may stand between the two.
    """
    found: list[Candidate] = []
    before: tuple[Sentence, list[Mention]] | None = None
    for sentence in sentences_of(text):
        here = nodes.mentions(sentence.text, sentence.start)
        old = before[1] if before is not None else []
        both = [*old, *here]
        for j in range(len(old), len(both)):
            for i in range(max(0, j - 1 - nearest), j):
                if both[i].node != both[j].node:
                    # What stands in the sentence before is looked at once: the last mention there and the first here.
                    across = i < len(old)
                    if across and not (i == len(old) - 1 and j == len(old)):
                        continue
                    begin = before[0].start if across and before is not None else sentence.start
                    found.append(
                        Candidate(
                            both[i],
                            both[j],
                            _features(text, both, i, j, (begin, sentence.stop), across),
                            begin,
                            sentence.stop,
                        )
                    )
        before = (sentence, here)
    return found


def _features(
    text: str, mentions: Sequence[Mention], i: int, j: int, whole: tuple[int, int], across: bool
) -> Counter[str]:
    first, second = mentions[i], mentions[j]
    masked = [(m.start, m.stop) for m in mentions if first.stop <= m.start and m.stop <= second.start]
    parts = {
        "before": _words(text[whole[0] : first.start])[-AROUND:],
        "between": _words(_masked(text, first.stop, second.start, masked)),
        "behind": _words(text[second.stop : whole[1]])[:AROUND],
    }
    found = Counter({"across" if across else "within": 1, f"apart {min(j - i, 4)}": 1})
    for name, words in parts.items():
        found.update(f"{name} {word}" for word in words)
        found.update(f"{name} {a} {b}" for a, b in itertools.pairwise(words))
    return found


def _masked(text: str, start: int, stop: int, others: Sequence[tuple[int, int]]) -> str:
    said, last = "", start
    for a, b in others:
        said += f"{text[last:a]} _variable_ "
        last = b
    return said + text[last:stop]


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'-]+|[.,;:]", text.lower())


@dataclass(frozen=True, eq=False)
class Tagger:
    """(1), fitted.

    Args:
        features: Names.
        weights: W, (3, features).
        offsets: b, (3,).
    """

    features: tuple[str, ...]
    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]

    @classmethod
    def fit(
        cls, texts: Sequence[str], nodes: Sequence[Nodes], edges: Sequence[set[tuple[int, int]]], *, nearest: int,
        regularization: float,
    ) -> "Tagger":  # fmt: skip
        """Learns from texts whose edges, as numbers of nodes, are known.

        Raises:
            DataError: If no two mentions of a text have an edge, or all have one and the same.
        """
        from sklearn.linear_model import LogisticRegression

        seen: list[Counter[str]] = []
        labels: list[int] = []
        for text, of, held in zip(texts, nodes, edges, strict=True):
            for one in candidates(text, of, nearest):
                pair = (one.first.node, one.second.node)
                seen.append(one.features)
                labels.append(FORWARD if pair in held else BACKWARD if pair[::-1] in held else NONE)
        kinds = sorted(set(labels))
        if len(kinds) < 2:
            raise DataError(
                "the texts teach nothing: of the pairs that they mention together "
                f"{'none has' if kinds in ([], [NONE]) else 'all have'} an edge; look whether `nodes` are worded as in "
                "the texts"
            )
        counts = Counter(name for one in seen for name in one)
        names = tuple(sorted(name for name, count in counts.items() if count >= LEAST))
        model = LogisticRegression(C=regularization, max_iter=1000)
        model.fit(_matrix(seen, names), labels)
        weights, offsets = np.zeros((3, len(names))), np.full(3, -1e3)
        if len(kinds) == 2:  # scikit-learn keeps one line for two classes
            offsets[kinds] = [0.0, float(model.intercept_[0])]
            weights[kinds[1]] = model.coef_[0]
        else:
            weights[kinds], offsets[kinds] = model.coef_, model.intercept_
        return cls(names, weights, offsets)

    def found(self, text: str, nodes: Nodes, *, nearest: int, threshold: float) -> list[Found]:
        """The edges of a text that are as probable as the threshold."""
        asked = candidates(text, nodes, nearest)
        if not asked:
            return []
        logits = _matrix([one.features for one in asked], self.features) @ self.weights.T + self.offsets
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        edges = []
        for one, share in zip(asked, shares, strict=True):
            way = FORWARD if share[FORWARD] >= share[BACKWARD] else BACKWARD
            if share[way] >= threshold:
                a, b = (one.first.node, one.second.node)[:: 1 if way == FORWARD else -1]
                edges.append(Found(a, b, one.start, one.stop, probability=float(share[way])))
        return edges


def _matrix(seen: Sequence[Counter[str]], names: Sequence[str]) -> Any:
    """(candidates, features) of counts, sparse."""
    from scipy.sparse import csr_array

    place = {name: k for k, name in enumerate(names)}
    kept = [[(place[name], count) for name, count in one.items() if name in place] for one in seen]
    ends = np.cumsum([0, *map(len, kept)])
    flat = [pair for row in kept for pair in row]
    columns, values = [k for k, _ in flat], [float(count) for _, count in flat]
    return csr_array((values, columns, ends), shape=(len(seen), len(names)))
