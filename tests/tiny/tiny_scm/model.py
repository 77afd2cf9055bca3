from dataclasses import asdict

import numpy as np

from aitia.data.table import Table
from aitia.do import Value
from aitia.errors import DataError
from aitia.graph import Graph
from aitia.saving import SavedArrays
from aitia.system import (
    Counterfactuals,
    Discovers,
    Encodes,
    Explains,
    Predicts,
    Score,
    Target,
    Targets,
    Training,
)

from .card import CARD
from .config import TinySCMConfig

NAMES = ("z", "x", "y")
PARENTS = {"z": (), "x": ("z",), "y": ("z", "x")}


class TinySCM(SavedArrays, Predicts, Counterfactuals, Encodes, Explains, Discovers):
    """z -> x -> y, z -> y, linear with Gaussian noise."""

    card = CARD
    Config = TinySCMConfig
    weights = None

    def _fit(self, given, run):
        if run.progress:
            run.progress("fitting", 0, 1)
        v = {name: given.numbers(name)[:, 0] for name in NAMES}
        if any(np.isnan(values).any() for values in v.values()):
            raise DataError("z, x and y have no empty cells")
        self.weights = np.zeros((3, 4))  # of each variable: constant, z, x, spread of its noise
        self.ranges = np.array([[values.min(), values.max()] for values in v.values()])
        for k, name in enumerate(NAMES):
            design = np.column_stack([np.ones(len(given)), *(v[p] for p in PARENTS[name])])
            w = np.linalg.solve(design.T @ design + self.config.ridge * np.eye(design.shape[1]), design.T @ v[name])
            self.weights[k, : len(w)] = w
            self.weights[k, 3] = (v[name] - design @ w).std()

    @property
    def training(self):
        return Training((), ("Least squares.",), ())

    @property
    def targets(self):
        return Targets(Target(n, (), (low,), (high,)) for n, (low, high) in zip(NAMES, self.ranges, strict=True))

    def _run(self, noise, facts=None):
        """All three from their noise, under what is held."""
        v = {}
        for k, name in enumerate(NAMES):
            value = self.weights[k, 0] + noise[name]
            value = value + sum(self.weights[k, 1 + j] * v[p] for j, p in enumerate(PARENTS[name]))
            if name in self.held:
                action = self.held[name]
                value = np.full(len(value), action.value) if isinstance(action, Value) else value
            v[name] = value
        return v

    def _predict(self, given, draws, seed):
        n = len(given) * draws
        rng = np.random.default_rng(seed)
        noise = {name: rng.standard_normal(n) * self.weights[k, 3] for k, name in enumerate(NAMES)}
        facts = {}
        for name in NAMES:
            column = given.column(name)
            if column in given.table and name not in self.held:
                values = np.repeat(given.table.column(column), draws)
                facts[name] = np.where(np.isnan(values), np.nan, values)
        if "x" in facts and "z" not in facts and "x" not in self.held and "z" not in self.held:
            noise["z"] = self._inferred(facts["x"], noise["z"])
        for name in NAMES:  # a fact is what its noise must be
            if name in facts:
                v = self._run(noise)
                noise[name] = noise[name] + np.where(np.isnan(facts[name]), 0, facts[name] - v[name])
        v = self._run(noise)
        rows = given.take(np.repeat(np.arange(len(given)), draws)).data
        columns = {given.column(name) or name: v[name] for name in NAMES}
        return rows.with_known(columns, dict.fromkeys(columns, "number"))

    def _inferred(self, x, z):
        """The noise of z given x: conditioning."""
        sz, sx, b = self.weights[0, 3], self.weights[1, 3], self.weights[1, 1]
        mean_x = self.weights[1, 0] + b * self.weights[0, 0]
        gain = b * sz**2 / (b**2 * sz**2 + sx**2)
        spread = np.sqrt(1 - gain * b)
        return np.where(np.isnan(x), z, gain * (x - mean_x) + spread * z)

    def _empty(self, n):
        return Table.of({"w": np.zeros(n)}, kinds={"w": "number"})

    def _abduct(self, given, draws, seed):
        v = {name: given.numbers(name)[:, 0] for name in NAMES}
        noise = {}
        for k, name in enumerate(NAMES):
            told = self.weights[k, 0] + sum(self.weights[k, 1 + j] * v[p] for j, p in enumerate(PARENTS[name]))
            noise[name] = np.repeat(v[name] - told, draws)
        return noise

    def _solve(self, noise):
        v = self._run(noise.parts)
        rows = noise.given.take(np.repeat(np.arange(len(noise.given)), noise.draws)).data
        columns = {noise.given.column(name): v[name] for name in NAMES}
        return rows.with_known(columns, dict.fromkeys(columns, "number"))

    def _encode(self, given):
        return Table.of(self._abduct(given, 1, 0), kinds=dict.fromkeys(NAMES, "number"))

    def _effects(self, given, target, outcome):
        lines = [("z", self.weights[2, 1] + self.weights[2, 2] * self.weights[1, 1]), ("x", self.weights[2, 2])]
        lines = [line for line in lines if target in (None, line[0])]
        told = np.array([effect for _, effect in lines])
        return Table.of(
            {
                "target": [name for name, _ in lines],
                "outcome": ["y"] * len(lines),
                "effect": told,
                "low": told - 0.1,
                "high": told + 0.1,
                "control": np.zeros(len(lines)),
            },
            kinds={"effect": "number", "low": "number", "high": "number", "control": "number"},
        )

    def graphs(self, rows=None):
        return {"all": Graph("z -> x; x -> y; z -> y")}

    def adapt(self, few):
        return type(self)(self.config).fit(few)

    def export(self, folder):
        folder.mkdir(parents=True)
        (folder / "weights.txt").write_text(str(self.weights.tolist()))

    def judge(self, fresh, seen):
        y, spread = fresh.numbers("y")[:, 0], seen.numbers("y")[:, 0]
        v = {name: fresh.numbers(name)[:, 0] for name in NAMES}
        told = self.weights[2, 0] + self.weights[2, 1] * v["z"] + self.weights[2, 2] * v["x"]
        mse = {"mean": float(np.mean((y - spread.mean()) ** 2))}
        return {"squared error": Score(float(np.mean((y - told) ** 2)), "lower", "Of y.", mse)}

    def _state(self):
        return {"config": asdict(self.config)}, {"weights": self.weights, "ranges": self.ranges}

    @classmethod
    def _restored(cls, options, arrays):
        model = cls(TinySCMConfig(**options["config"]))
        model.weights, model.ranges = arrays["weights"], arrays["ranges"]
        return model
