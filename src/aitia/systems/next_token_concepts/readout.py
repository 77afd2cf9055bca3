"""Probes and directions of concepts: what reads a concept off a state, and what writes it there.

States are scaled to unit variance. For concept k, w_k are the weights of a logistic probe on one half of its texts; a_k
is, on the other half, the mean difference over pairs (states with minus states without), or of texts with labels the
coefficients of concept k in a linear regression of the states on all concepts. The theorem says that

    f(x) = sum_k a_k log p(c_k | x) + constant,    so that w_j a_k is 0 for j != k                                  (1)

W A has as entry (j, k) the product of w_j and a_k, each of unit length; its score is the mean of the diagonal less the
mean absolute value off it (of a single concept, the diagonal). Its null exchanges the sides of pairs at random, or
shuffles labels, before anything is fitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.systems.next_token_concepts.reading import Concept

__all__ = ["Readout", "accuracy_of", "agreement", "fit_logistic", "linear_r2", "read_out", "scaled", "shuffled_sides"]

Values = NDArray[np.float64]
Halves = tuple[Sequence[Concept], Sequence[Concept]]


@dataclass(frozen=True, eq=False)
class Readout:
    """Probes and directions on states of unit variance.

    Args:
        probes: (concepts, width).
        intercepts: (concepts,).
        directions: (concepts, width).
    """

    probes: Values
    intercepts: Values
    directions: Values

    def log_odds(self, states: Values) -> Values:
        """What each probe says, (n, concepts)."""
        said: Values = states @ self.probes.T + self.intercepts
        return said

    @property
    def products(self) -> Values:
        """W A, (concepts, concepts), with rows of W and columns of A of unit length."""
        w, a = (m / np.maximum(np.linalg.norm(m, axis=1, keepdims=True), 1e-12) for m in (self.probes, self.directions))
        found: Values = w @ a.T
        return found


def read_out(states: Values, halves: Halves, ridge: float) -> Readout:
    """Probes on the first half, directions on the second.

    Args:
        states: (n, width), of unit variance.
        halves: The concepts on each.
        ridge: Of the probes.
    """
    fits = [fit_logistic(states[c.rows], c.codes.astype(np.float64), ridge) for c in halves[0]]
    weights, intercepts = np.stack([w for w, _ in fits]), np.array([b for _, b in fits])
    return Readout(weights, intercepts, directions_of(states, halves[1]))


def directions_of(states: Values, concepts: Sequence[Concept]) -> Values:
    """a_k of every concept, (concepts, width)."""
    if all(concept.paired for concept in concepts):
        return np.stack([(states[c.with_it] - states[c.without]).mean(axis=0) for c in concepts])
    rows = np.unique(np.concatenate([c.rows for c in concepts]))
    place = np.zeros(len(states), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    design = np.ones((len(rows), len(concepts) + 1))
    for k, concept in enumerate(concepts):
        design[:, k] = 0.5  # a text of another concept's half
        design[place[concept.rows], k] = concept.codes
    coefficients: Values = np.linalg.lstsq(design, states[rows], rcond=None)[0]
    return coefficients[:-1]


def fit_logistic(x: Values, y: Values, ridge: float) -> tuple[Values, float]:
    """Weights and intercept of a logistic regression: the least sum of nats + ridge / 2 |w|^2, by Newton's method.

    Args:
        x: (n, d).
        y: (n,) 0 or 1.
        ridge: Positive, so that classes that come apart have finite weights.
    """
    basis = None
    if x.shape[1] > len(x):  # the weights lie in the span of the rows
        basis = np.linalg.qr(x.T)[0]
        x = x @ basis
    design = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    penalty = np.full(design.shape[1], ridge)
    penalty[-1] = 1e-9
    found = np.zeros(design.shape[1])

    def loss(w: Values) -> float:
        score = design @ w
        return float(np.logaddexp(0, score).sum() - y @ score + 0.5 * penalty @ (w * w))

    now = loss(found)
    for _ in range(100):
        share = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (share - y) + penalty * found
        curve = (design * (share * (1 - share))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        size = 1.0
        while size > 1e-6 and loss(found - size * step) > now:
            size /= 2
        found = found - size * step
        last, now = now, loss(found)
        if last - now < 1e-10 * (1 + abs(now)):
            break
    weights = found[:-1] if basis is None else basis @ found[:-1]
    return weights, float(found[-1])


def scaled(states: Values) -> tuple[Values, Values]:
    """Mean and standard deviation of each unit; one that does not vary has 1."""
    spread = states.std(axis=0)
    return states.mean(axis=0), np.where(spread > 1e-9, spread, 1.0)


def accuracy_of(readout: Readout, states: Values, concepts: Sequence[Concept]) -> Values:
    """Share of the texts of each concept that its probe tells, (concepts,)."""
    said = readout.log_odds(states)
    return np.array([((said[c.rows, k] > 0) == (c.codes == 1)).mean() for k, c in enumerate(concepts)])


def agreement(products: Values) -> float:
    """The mean of the diagonal of W A less the mean absolute value off it."""
    count, on = len(products), np.diag(products).mean()
    if count == 1:
        return float(on)
    off = np.abs(products[~np.eye(count, dtype=bool)]).mean()
    return float(on - off)


def shuffled_sides(halves: Halves, seed: int) -> Halves:
    """The same texts with nothing to tell apart: the sides of pairs exchanged at random, or labels shuffled."""
    rng = np.random.default_rng([seed, 41])

    def one(concept: Concept) -> Concept:
        if concept.paired:
            turned = rng.random(len(concept.without)) < 0.5
            return Concept(
                concept.name,
                np.where(turned, concept.with_it, concept.without),
                np.where(turned, concept.without, concept.with_it),
                True,
            )
        rows = rng.permutation(concept.rows)
        return Concept(concept.name, rows[: len(concept.without)], rows[len(concept.without) :], False)

    first, second = ([one(concept) for concept in half] for half in halves)
    return first, second


def linear_r2(seen: Values, wanted: Values, fresh: Values, truth: Values) -> float:
    """R2 on fresh rows of the best linear map of states, fitted to those seen; over all outputs together."""
    design = np.concatenate([seen, np.ones((len(seen), 1))], axis=1)
    found = np.linalg.lstsq(design, wanted, rcond=None)[0]
    error = truth - np.concatenate([fresh, np.ones((len(fresh), 1))], axis=1) @ found
    return float(1 - np.square(error).sum() / np.square(truth - truth.mean(axis=0)).sum())
