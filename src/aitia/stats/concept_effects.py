"""Effects of a concept on what a model says, from pairs of texts and from texts at hand.

    ICaCE_i = f(x'_i) - f(x_i),    CaCE = mean_i ICaCE_i                                                             (1)
    CONEXP(c -> c') = E[f(x) | C = c'] - E[f(x) | C = c]                                                             (2)

x'_i is x_i under do(C = c'), so (1) is causal; (2) is not where other concepts depend on C. f gives a number or a row
of class probabilities. The S-learner regresses f on the concepts and sets one of them anew: causal as far as the
concepts hold all that C and the text share and the regression is right.

Source:
    Goyal, Feder, Shalit and Kim, Explaining classifiers with causal concept effect, 2019, for CaCE; Feder, Oved, Shalit
    and Reichart, CausaLM, Computational Linguistics 47 (2021), for CONEXP; Abraham et al., CEBaB, NeurIPS 2022, for
    ICaCE and the S-learner as a baseline; Künzel, Sekhon, Bickel and Yu, PNAS 116 (2019), for the S-learner.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError, join_names, unknown_variable

__all__ = ["SLearner", "cace", "conexp", "effect_size", "icace"]

Values = NDArray[np.float64]


def icace(before: ArrayLike, after: ArrayLike) -> Values:
    """(1): the effect in each pair, of the shape of its arguments.

    Args:
        before: f of the texts, (n,) or (n, classes).
        after: f of their counterfactuals, the same shape.

    Raises:
        DataError: If the shapes differ, there is no pair, or a number is not finite.

    Example:
        >>> icace([[0.25, 0.75]], [[0.75, 0.25]]).tolist()
        [[0.5, -0.5]]
    """
    first, second = _outputs(before, "before"), _outputs(after, "after")
    if first.shape != second.shape:
        raise DataError(f"before has shape {first.shape} and after {second.shape}: row i of both is one pair")
    return second - first


def cace(effects: ArrayLike, groups: Sequence[Hashable] | None = None) -> dict[Hashable, Values]:
    """(1): the mean effect of each group of pairs.

    Args:
        effects: Of each pair, (n,) or (n, classes), such as `icace` gives.
        groups: Of each pair, such as (concept, from, to); None takes all pairs as one group, `None`.

    Raises:
        DataError: If groups and effects differ in number, or a number is not finite.

    Example:
        >>> {group: float(mean) for group, mean in cace([1.0, 3.0, 5.0], ["a", "a", "b"]).items()}
        {'a': 2.0, 'b': 5.0}
    """
    values = _outputs(effects, "effects")
    labels = list(groups) if groups is not None else [None] * len(values)
    if len(labels) != len(values):
        raise DataError(f"there are {len(values)} effects and {len(labels)} groups: each pair has one")
    members: dict[Hashable, list[int]] = {}
    for row, label in enumerate(labels):
        members.setdefault(label, []).append(row)
    return {label: np.asarray(values[rows].mean(axis=0)) for label, rows in members.items()}


def effect_size(effects: ArrayLike) -> float:
    """The mean over pairs of the sum of absolute changes over classes, as CausaLM tells an average effect.

    Args:
        effects: (n,) or (n, classes).

    Raises:
        DataError: If a number is not finite.

    Example:
        >>> effect_size([[0.5, -0.5], [0.0, 0.0]])
        0.5
    """
    values = _outputs(effects, "effects")
    return float(np.abs(values).reshape(len(values), -1).sum(axis=1).mean())


def conexp(outputs: ArrayLike, concept: Sequence[Any], start: Any, end: Any) -> Values:
    """(2): how far what f says differs between texts with one value of a concept and with another.

    Args:
        outputs: f of the texts, (n,) or (n, classes).
        concept: Its value in each text, (n,); None where unknown: such a text is left out.
        start: c.
        end: c'.

    Returns:
        (classes,), or a number as an array of no dimension.

    Raises:
        DataError: If lengths differ, a number is not finite, or no text has one of the two values.

    Example:
        >>> float(conexp([0.0, 1.0, 3.0], ["no", "yes", "yes"], "no", "yes"))
        2.0
    """
    values, labels = _outputs(outputs, "outputs"), np.asarray(concept, dtype=object)
    if labels.shape != (len(values),):
        raise DataError(f"there are {len(values)} outputs and {labels.shape} concept values: each text has one")
    means = []
    for value in (start, end):
        rows = labels == value
        if not rows.any():
            known = sorted({str(label) for label in labels.tolist() if label is not None})
            raise DataError(f"no text has the concept value {value!r}; there are {join_names(known)}")
        means.append(values[rows].mean(axis=0))
    return np.asarray(means[1] - means[0])


class SLearner:
    """Multinomial logistic regression of class probabilities on concepts, asked with one concept set anew.

    Args:
        concepts: For each concept its value in each text, (n,), none missing.
        outputs: (n, classes) probabilities of f, which the regression is fitted to as soft labels.
        strength: Inverse of the ridge penalty.

    Raises:
        DataError: If lengths differ, a value is missing, or outputs are not rows of at least two probabilities.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> food = rng.choice(["bad", "good"], 200)
        >>> p = np.where(food == "good", 0.9, 0.2)
        >>> learner = SLearner({"food": food}, np.stack([1 - p, p], axis=1), strength=1e4)
        >>> learner.effect({"food": ["bad"]}, "food", "good").round(2).tolist()
        [[-0.7, 0.7]]
    """

    def __init__(self, concepts: Mapping[str, Sequence[Any]], outputs: ArrayLike, *, strength: float = 1.0) -> None:
        from sklearn.linear_model import LogisticRegression

        values = _outputs(outputs, "outputs")
        if values.ndim != 2 or values.shape[1] < 2 or (values < 0).any():
            raise DataError(f"an S-learner takes rows of two or more probabilities, got shape {values.shape}")
        if not strength > 0:
            raise OptionError(f"strength is positive, got {strength}")
        if not concepts:
            raise DataError("an S-learner takes at least one concept")
        for name, labels in concepts.items():
            if len(labels) != len(values) or any(label is None for label in labels):
                raise DataError(f"concept {name!r} has one value for each of the {len(values)} texts, none missing")
        self.categories = {name: sorted(dict.fromkeys(labels), key=str) for name, labels in concepts.items()}
        rows, classes = values.shape
        said = np.flatnonzero(values.sum(axis=0) > 0)
        self._classes = classes
        if len(said) < 2:
            self._said, self._model = said, None
            return
        coded = self._code(concepts)
        self._said = said
        self._model = LogisticRegression(C=strength, max_iter=1000).fit(
            np.repeat(coded, len(said), axis=0), np.tile(said, rows), sample_weight=values[:, said].ravel()
        )

    def predict(self, concepts: Mapping[str, Sequence[Any]]) -> Values:
        """(n, classes) of texts with these concepts.

        Raises:
            DataError: If a concept is missing, or has a value that the fit had not.
        """
        coded = self._code(concepts)
        answer = np.zeros((len(coded), self._classes))
        answer[:, self._said] = 1.0 if self._model is None else self._model.predict_proba(coded)
        return answer

    def effect(self, concepts: Mapping[str, Sequence[Any]], treatment: str, target: Any) -> Values:
        """(n, classes): the change where `treatment` is set to `target` and every other concept kept.

        Raises:
            UnknownVariableError: If there is no such concept.
            DataError: As `predict`.
        """
        if treatment not in self.categories:
            raise unknown_variable(treatment, self.categories, "S-learner")
        before = self.predict(concepts)
        return self.predict({**concepts, treatment: [target] * len(before)}) - before

    def _code(self, concepts: Mapping[str, Sequence[Any]]) -> Values:
        parts = []
        for name, categories in self.categories.items():
            if name not in concepts:
                raise DataError(f"the concept {name!r} is missing: there are {join_names(concepts)}")
            place = {value: k for k, value in enumerate(categories)}
            if unknown := [value for value in concepts[name] if value not in place]:
                raise DataError(f"concept {name!r} was never {unknown[0]!r}, only {join_names(categories)}")
            parts.append(np.eye(len(categories))[[place[value] for value in concepts[name]]])
        return np.concatenate(parts, axis=1)


def _outputs(values: ArrayLike, name: str) -> Values:
    given = np.asarray(values, dtype=np.float64)
    if given.ndim not in (1, 2) or not given.size:
        raise DataError(f"{name} is numbers (n,) or (n, classes), one row a text, got shape {given.shape}")
    if not np.isfinite(given).all():
        raise DataError(f"{name} has a number that is not finite in row {int(np.argwhere(~np.isfinite(given))[0, 0])}")
    return given
