"""Part (e) of the claim, as measured: populations under interventions that were not made."""

import warnings
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention, shift
from aitia.errors import RangeWarning
from aitia.scm import SCM
from aitia.scm.random import random_dag, random_nonlinear_scm
from aitia.systems.gde import GDE, PerturbationPredictor
from aitia.systems.gde.claim_laws import FIXED, FLOOR, KERNEL, OURS, TRAINING, sliced
from aitia.systems.gde.perturbations import InterventionCode, ridge_weights, with_targets_set
from aitia.systems.gde.populations import POINTS

__all__ = ["KINDS", "MEAN_SHIFT", "NEAREST", "interventions", "permuted", "predicted"]

Values = NDArray[np.float64]
VALUES, HELD_VALUES = (-2.0, -1.0, 0.0, 1.0, 2.0), (-1.5, 0.5)
SHIFTS, HELD_SHIFTS = (-2.0, -1.0, 1.0, 2.0), (-1.5, 1.5)
KINDS = ("strengths", "pairs")
MEAN_SHIFT, NEAREST, CONTROL = "mean shift", "nearest intervention", "control"


def interventions(names: tuple[str, ...], values: tuple[float, ...], shifts: tuple[float, ...]) -> list[Intervention]:
    """Every variable set to every value, and shifted by every amount."""
    return [Intervention({n: v}) for n in names for v in values] + [
        Intervention({n: shift(v)}) for n in names for v in shifts
    ]


class _Worlds:
    """A system of five variables: the control, populations under single interventions, and those to predict."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.scm: SCM = random_nonlinear_scm(random_dag(5, 2.5, seed=seed + 7), seed=seed)
        self.names = self.scm.graph.nodes
        self.made = interventions(self.names, VALUES, SHIFTS)
        strengths = interventions(self.names, HELD_VALUES, HELD_SHIFTS)
        pairs = [Intervention({a: 1.0, b: -1.0}) for a, b in combinations(self.names, 2)]
        self.held = dict(zip(KINDS, (strengths, pairs), strict=True))
        self.sets = {str(do): self.rows(do, k + 1) for k, do in enumerate([Intervention(), *self.made])}
        self.control = self.sets[str(Intervention())]
        self.truths = {kind: [self.rows(do, 1000 + k) for k, do in enumerate(d)] for kind, d in self.held.items()}

    def rows(self, do: Intervention, stream: int) -> Values:
        matrix: Values = self.scm.do(do).sample(POINTS, seed=10_000 * (self.seed + 1) + stream).matrix(self.names)
        return matrix

    def predictor(self, labels: list[str], **options: Any) -> PerturbationPredictor:
        """Fitted to the populations of these labels as those under the interventions that were made."""
        model = GDE(seed=self.seed, **TRAINING, **options).fit(self.sets)
        return PerturbationPredictor(model).fit(str(Intervention()), dict(zip(self.made, labels, strict=True)))

    def drawn(self, predictor: PerturbationPredictor) -> dict[str, float]:
        """The distance of the predicted populations from the true ones, by kind."""
        found = {}
        for kind, asked in self.held.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RangeWarning)  # that pairs lie outside of what was made is the question
                answers = [predictor.draw(do, POINTS, seed=k) for k, do in enumerate(asked)]
            found[kind] = sliced(answers, self.truths[kind])
        return found

    def shifted(self, ridge: float) -> dict[str, float]:
        """The same of the control moved by its predicted shift of means, each target set to its value."""
        code = InterventionCode.of(self.made)
        means = np.stack([self.sets[str(do)].mean(0) for do in self.made]) - self.control.mean(0)
        weights = ridge_weights(code(self.made), means, ridge)
        return {
            kind: self.scored(kind, [self.control + by for by in code(asked) @ weights])
            for kind, asked in self.held.items()
        }

    def nearest(self) -> dict[str, float]:
        """The same of the population under the nearest intervention that was made."""
        code = InterventionCode.of(self.made)
        found = {}
        for kind, asked in self.held.items():
            places = [int(np.abs(code([do]) - code(self.made)).sum(1).argmin()) for do in asked]
            found[kind] = self.scored(kind, [self.sets[str(self.made[place])] for place in places])
        return found

    def scored(self, kind: str, answers: list[Values]) -> float:
        """The distance of populations with their targets set from the true ones."""
        pairs = zip(answers, self.held[kind], strict=True)
        return sliced([with_targets_set(rows, do, self.names) for rows, do in pairs], self.truths[kind])


def predicted(seed: int) -> dict[str, dict[str, float]]:
    """By kind and arm, the distance over that of the mean shift; every arm sets the targets to their values."""
    worlds = _Worlds(seed)
    labels = [str(do) for do in worlds.made]
    ours = worlds.predictor(labels)
    shifted = worlds.shifted(ours.ridge)
    of = {
        OURS: worlds.drawn(ours),
        KERNEL: worlds.drawn(worlds.predictor(labels, **FIXED[KERNEL])),
        NEAREST: worlds.nearest(),
        CONTROL: {kind: worlds.scored(kind, [worlds.control] * len(asked)) for kind, asked in worlds.held.items()},
        FLOOR: {
            kind: sliced([worlds.rows(do, 2000 + k) for k, do in enumerate(asked)], worlds.truths[kind])
            for kind, asked in worlds.held.items()
        },
    }
    return {kind: {arm: found[kind] / shifted[kind] for arm, found in of.items()} for kind in KINDS}


def permuted(seed: int) -> dict[str, float]:
    """By kind, ours where the names of the interventions were permuted among the populations."""
    worlds = _Worlds(seed)
    labels = np.random.default_rng([seed, 46]).permutation([str(do) for do in worlds.made]).tolist()
    ours = worlds.predictor(labels)
    found, shifted = worlds.drawn(ours), worlds.shifted(ours.ridge)
    return {kind: found[kind] / shifted[kind] for kind in KINDS}
