"""Trees over the features of questions: how the answers without reasoning are learnt, and kept as arrays.

Randomised trees learn strings by heart; boosted trees add up counts. What is called entailed is what scores above a
threshold that is chosen on questions of other classes than those that the trees saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.errors import MissingExtraError

__all__ = ["Forest", "best_threshold"]

Values = NDArray[np.float64]
Features = NDArray[np.float32]
AT_ONCE = 1024
FOLDS = 3
LEAF, SHARE = 3, 0.2
"""Questions in a leaf of a randomised tree at least, and the share of the strings that a split looks at."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees whose leaves are summed.

    Args:
        parts: `roots` (trees,), and for every node of all trees `feature` (-1 in a leaf), `cut`, `low`, `high` (the
            nodes below) and `value`.
        threshold: Of the scores, from which on a question is called entailed.
    """

    parts: Mapping[str, NDArray[Any]]
    threshold: float = 0.5

    @classmethod
    def fit(
        cls, features: Features, labels: NDArray[np.bool_], groups: NDArray[Any] | None, *, trees: int, seed: int,
        boosted: bool,
    ) -> Self:  # fmt: skip
        """Trees fitted to labelled questions.

        Args:
            features: (n, features).
            labels: (n,) whether each is entailed; some are and some are not.
            groups: (n,) the class of each, for the threshold; None takes one half.
            trees: How many.
            seed: Of them.
            boosted: Boosted trees in place of randomised ones.

        Raises:
            MissingExtraError: If scikit-learn is not installed.
        """
        whole = cls(_grown(features, labels, trees, seed, boosted))
        if groups is None or len(set(groups.tolist())) < 2 * FOLDS:
            return whole
        names = np.random.default_rng(seed).permutation(np.unique(groups))
        fold = {name: k % FOLDS for k, name in enumerate(names.tolist())}
        of = np.array([fold[name] for name in groups.tolist()])
        scores = np.zeros(len(labels))
        for k in range(FOLDS):
            if labels[of != k].any() and not labels[of != k].all():
                part = cls(_grown(features[of != k], labels[of != k], trees, seed, boosted))
                scores[of == k] = part.scores(features[of == k])
        return cls(whole.parts, best_threshold(scores, labels))

    def scores(self, features: Features) -> Values:
        """(n,) between 0 and 1, larger for what is more likely entailed."""
        found = np.zeros(len(features))
        for start in range(0, len(features), AT_ONCE):
            rows = features[start : start + AT_ONCE]
            node = np.repeat(self.parts["roots"][None], len(rows), axis=0)
            while (inner := self.parts["feature"][node] >= 0).any():
                feature = np.where(inner, self.parts["feature"][node], 0)
                below = np.take_along_axis(rows, feature, axis=1) <= self.parts["cut"][node]
                node = np.where(inner, np.where(below, self.parts["low"][node], self.parts["high"][node]), node)
            found[start : start + AT_ONCE] = self.parts["value"][node].sum(axis=1)
        found += float(self.parts["start"][0])
        scores: Values = 1 / (1 + np.exp(-found)) if self.parts["boosted"][0] else found
        return scores

    def answers(self, features: Features) -> NDArray[np.bool_]:
        """(n,) what is called entailed."""
        called: NDArray[np.bool_] = self.scores(features) >= self.threshold
        return called


def best_threshold(scores: Values, labels: NDArray[np.bool_]) -> float:
    """The threshold with the largest F1, of at most 200 quantiles."""
    tried = np.unique(np.quantile(scores, np.linspace(0, 1, 200)))
    called = scores[None] >= tried[:, None]
    named = called.sum(axis=1) + labels.sum()
    values = 2 * (called & labels[None]).sum(axis=1) / np.maximum(named, 1)
    return float(tried[int(values.argmax())])


def _grown(
    features: Features, labels: NDArray[np.bool_], trees: int, seed: int, boosted: bool
) -> dict[str, NDArray[Any]]:
    try:
        from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier
    except ImportError as error:
        raise MissingExtraError("this takes scikit-learn, which is not installed: pip install 'aitia[data]'") from error
    if boosted:
        model = GradientBoostingClassifier(n_estimators=trees, max_depth=6, subsample=0.5, random_state=seed)
        model.fit(features, labels)
        share = float(labels.mean())
        found = [one.tree_ for one in model.estimators_[:, 0]]
        values = [tree.value[:, 0, 0] * model.learning_rate for tree in found]
        start = np.log(share / (1 - share))
    else:
        model = ExtraTreesClassifier(
            trees, min_samples_leaf=LEAF, max_features=SHARE, class_weight="balanced", random_state=seed
        )
        model.fit(features, labels)
        found = [one.tree_ for one in model.estimators_]
        values = [tree.value[:, 0, 1] / tree.value[:, 0].sum(axis=1) / trees for tree in found]
        start = 0.0
    roots = np.cumsum([0, *(tree.node_count for tree in found)])[:-1]
    leaf = np.concatenate([tree.children_left < 0 for tree in found])
    low, high = (
        np.concatenate([getattr(tree, side) + root for tree, root in zip(found, roots, strict=True)])
        for side in ("children_left", "children_right")
    )
    return {
        "roots": roots.astype(np.int32),
        "feature": np.where(leaf, -1, np.concatenate([tree.feature for tree in found])).astype(np.int32),
        "cut": np.concatenate([tree.threshold for tree in found]).astype(np.float32),
        "low": np.where(leaf, 0, low).astype(np.int32),
        "high": np.where(leaf, 0, high).astype(np.int32),
        "value": np.where(leaf, np.concatenate(values), 0.0).astype(np.float32),
        "start": np.array([start], dtype=np.float32),
        "boosted": np.array([boosted]),
    }
