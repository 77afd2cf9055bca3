"""The model: how it is fitted, and what can be asked of it."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.do import Value
from aitia.errors import DataError, OptionError, RangeWarning, join_names
from aitia.nn.pretrained import Pretrained, fitted
from aitia.report import Block
from aitia.runs import RunStore
from aitia.system import Encodes, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.gde.card import CARD
from aitia.systems.gde.config import GDEConfig
from aitia.systems.gde.doubts import between, deviations, doubts, farthest
from aitia.systems.gde.judge import judged
from aitia.systems.gde.network import Network, Objective
from aitia.systems.gde.page import blocks
from aitia.systems.gde.sets import SetBatches, absent, read_sets, rows_of, sets_of, tabled
from aitia.train import History, TrainConfig, train

__all__ = ["GDE"]

Values = NDArray[np.float64]
NUMBERS = 20_000_000
"""Numbers of noise that are in memory at once: a row of the diffusion takes 400 for each column."""


class GDE(Pretrained, Predicts, Encodes):
    """Vectors of sets of rows, and a sampler from them.

    `predict` draws the rows whose set alone is known, and under `do(set=LABEL)` every row of another set anew; the
    same seed has the same noise under every `do`. `encode` gives each row the vector of its set.

    Attributes:
        labels: Names of the sets of the fit.
        columns: Names of the columns.
        group: Name of the column that told the sets apart; `set` where there was none.
        latents: Vectors of the sets of the fit, (sets, latents).
        deviations: For each set of the fit how far its vector is from that of its law: root mean squared, from halves.
        history: How the training went.
        left_out: Columns that the fit did not take, as they hold no numbers.
        warnings: What to know about the fit, in words.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> sets = [rng.normal(size=(200, 2)) * rng.uniform(0.2, 2, 2) for _ in range(40)]
        >>> model = GDE(steps=20, batch=8).fit(sets)
        >>> model.vectors(sets[0]).shape, model.draw(sets[0], 5, seed=1).shape
        ((16,), (5, 2))
        >>> model.do("do(set=7)").sample(5)
        Table(5 rows: set, x1, x2)
    """

    card = CARD
    Config = GDEConfig
    config: GDEConfig
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    group: str = "set"
    latents: Values = np.zeros((0, 0))
    deviations: Values = np.zeros(0)
    history: History | None = None
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    _net: Network | None = None
    _apart: float | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def _opened(self, data: tuple[Any, ...], roles: Mapping[str, Any]) -> tuple[Any, ...]:
        """The same, with sets that are given apart, or an array, as a table.

        Sets apart are a mapping from label to rows, a list of arrays or tables, or an array (sets, rows, columns).
        """
        named = roles.get("variables")
        columns = tuple(named) if isinstance(named, list | tuple) else None
        return super()._opened((*(tabled(part, columns) for part in data[:1]), *data[1:]), roles)

    def check_given(self, given: Given) -> None:
        """Wants two sets or more, of 2 rows or more, whose numbers are finite."""
        sets = sets_of(given, least=2)
        if len(sets.labels) < 2:
            raise OptionError(f"an embedding of populations needs 2 sets or more, got {join_names(sets.labels)}")

    def work(self, given: Given) -> str:
        """Steps and rows."""
        config, count = self.config, len(set(given.labels("population").tolist()))
        each = (
            f"{config.steps} steps, each of {config.batch} sets out of {count}, with {config.points} rows encoded and"
        )
        return f"{each} as many met ({len(given)} rows in all)"

    def _fit(self, given: Given, run: RunStore) -> None:
        sets, config = sets_of(given, least=2), self.config
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = Network(len(sets.columns), config)
        rows = [torch.from_numpy(part) for part in sets.rows]
        net.standardise(rows, config.scaling)
        scaled = tuple(net.scaled(part) for part in rows)
        if run.checkpoint is not None:
            run.checkpoint.mkdir(parents=True, exist_ok=True)
        history = train(
            Objective(net, config.isometry, config.projections),
            SetBatches(
                tuple(part.numpy() for part in scaled),
                config.batch,
                config.points,
                config.mixing,
                config.mixing_alpha,
                config.seed,
            ),
            TrainConfig(
                steps=config.steps,
                learning_rate=config.learning_rate,
                schedule="cosine",
                clip=10.0,
                seed=config.seed,
                device=config.device,
            ),
            checkpoint=None if run.checkpoint is None else run.checkpoint / "training.safetensors",
            progress=run.progress,
            what="training",
        )
        self._net, self.history = net.cpu().eval(), history
        self.labels, self.columns, self.group = sets.labels, sets.columns, sets.group
        self.left_out = tuple(n for n in given.table.names if n not in (*sets.columns, sets.group))
        self.latents, self._apart = net.vectors(scaled), None
        self.deviations = deviations(net, scaled, config.seed)
        self.warnings = doubts(sets, self.latents, self.deviations, config)

    @property
    def training(self) -> Training:
        """Losses, what was left out, and warnings."""
        losses = tuple(self.history.losses) if self.history is not None else ()
        notes = (f"left out of the rows: {join_names(self.left_out)}",) if self.left_out else ()
        return Training((("training", losses),), notes, self.warnings)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The column of the sets."""
        return Targets([Target(self.group, self.labels, about="draws rows of a population")] if self.labels else ())

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Rows with holes, and rows that `do` moves to another set, drawn whole from their set; all others as is."""
        self._fitted()
        rows = given.data.take(np.repeat(np.arange(len(given)), draws))
        of = np.repeat(self._said(given), draws)
        to, known = self._moved(of), rows.known
        gone = absent(known, self.columns)
        stays = to == of
        if (torn := stays & gone.any(1) & ~gone.all(1)).any():
            k = int(np.argmax(torn))
            raise DataError(
                f"row {k // draws} has {self.columns[int(np.argmin(gone[k]))]} and lacks "
                f"{self.columns[int(np.argmax(gone[k]))]}: rows are drawn whole, so give all of its columns or none"
            )
        anew = gone.all(1) | ~stays
        labels = tuple(dict.fromkeys(to[anew].tolist()))
        place = np.array([labels.index(label) if drawn else -1 for label, drawn in zip(to, anew, strict=True)])
        vectors = [self.vector(label) for label in labels]
        made = self._made(np.stack(vectors) if vectors else self.latents[:0], place, seed)
        if not anew.all():
            made[~anew] = rows_of(known.take(~anew), self.columns)[0]
        parts = {name: made[:, k] for k, name in enumerate(self.columns)}
        group = given.column("population") or self.group
        return rows.with_known({group: to, **parts}, {group: "label", **dict.fromkeys(self.columns, "number")})

    def _said(self, given: Given) -> NDArray[np.str_]:
        """The set that each row is of; of no account where one is held.

        Raises:
            DataError: If a row does not say it, and none is held.
        """
        if self.group in self.held:
            return given.labels("population")
        column = given.column("population") or self.group
        if column not in given.table:
            raise DataError(f"no column says which population a row is of: there is no {column!r}")
        if given.table.missing(column):
            raise DataError(
                f"row {int(given.table.absent(column).argmax())} of {column!r} is empty: say which it is of"
            )
        return given.labels("population")

    def _moved(self, labels: NDArray[np.str_]) -> NDArray[np.str_]:
        """The set of each row under what is held."""
        action = self.held.get(self.group)
        return np.full(len(labels), str(action.value)) if isinstance(action, Value) else labels

    def _empty(self, n: int) -> Data:
        if self.group not in self.held:
            raise OptionError(
                f"say of which population: do({self.group}=LABEL).sample(n); there are {join_names(self.labels)}"
            )
        return Table.of({self.group: self._moved(np.full(n, ""))}, kinds={self.group: "label"})

    def _made(self, vectors: Values, place: NDArray[np.int64], seed: int) -> Values:
        """A row for each place, the number of its vector or -1 for none, from the noise of the seed; (n, columns)."""
        net, rng, n = self._fitted(), np.random.default_rng(seed), len(place)
        made = np.zeros((n, len(self.columns)))
        most = max(NUMBERS // net.sampler.noise, 1)
        for begin in range(0, n, most):
            noise = torch.from_numpy(rng.standard_normal((min(most, n - begin), net.sampler.noise))).float()
            for k in np.unique(place[begin : begin + most]).tolist():
                rows = np.flatnonzero(place[begin : begin + most] == k)
                if k >= 0:
                    made[begin + rows] = net.points(torch.from_numpy(vectors[k]).float(), noise[torch.from_numpy(rows)])
        return made

    def _encode(self, given: Given) -> Table:
        """The vector of the set of each row, from the rows of it that are given; under do, of the set that is held.

        A set of which no numbers are given has the vector of the fit. Rows without a column of sets are one set.
        """
        column, table = given.column("population") or self.group, given.table
        labels = self._moved(self._said(given) if column in table else given.labels("population"))
        z = np.zeros((len(labels), self._fitted().latents))
        told: NDArray[np.bool_] = np.atleast_1d(~absent(table, self.columns).all(axis=1))
        for label in dict.fromkeys(labels.tolist()):
            rows = np.flatnonzero(labels == label)
            seen = rows[told[rows]]
            fixed = self.group in self.held or not seen.size
            z[rows] = self._code(label) if fixed else self.vectors(table.take(seen).select(self.columns))
        return Table.of_numbers("z", z)

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """How far drawn sets are from fresh rows of the same set; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """The map of the sets, rows beside drawn ones, and distances."""
        return blocks(self, given)

    def vectors(self, data: Any, groups: Any = None) -> Values:
        """The vector of a set, (latents,); of several sets, (sets, latents).

        Args:
            data: Rows of one set; or a list, a mapping, or a table with groups (sorted by label).
            groups: The column that tells the sets apart, or the label of each row.
        """
        net = self._fitted()
        listed = data.values() if isinstance(data, Mapping) else data if isinstance(data, list | tuple) else ()
        if (
            groups is not None
            or getattr(data, "ndim", 0) == 3
            or (listed and all(np.ndim(part) == 2 for part in listed))
        ):
            rows = read_sets(data, groups, self.columns).rows
            return net.vectors([net.scaled(torch.from_numpy(part)) for part in rows])
        one: Values = net.vectors([net.scaled(torch.from_numpy(rows_of(data, self.columns)[0]))])[0]
        return one

    def noise(self, n: int, *, seed: int = 0) -> Values:
        """The noise that n rows are made of, for `draw`; (n, numbers of noise a row)."""
        made: Values = np.random.default_rng(seed).standard_normal((n, self._fitted().sampler.noise))
        return made

    def draw(self, which: Any, noise: int | ArrayLike, *, seed: int = 0) -> Values:
        """New rows of a population, (n, columns).

        Args:
            which: The label of a set of the fit, a vector (latents,), or rows of a set.
            noise: How many; or the noise that they are made of, see `noise`: a row keeps it in every population.
            seed: Of the noise, where a number of rows is given.

        Raises:
            OptionError: If it is less than 1 row.
        """
        net, z = self._fitted(), self.vector(which)
        if isinstance(noise, int):
            if noise < 1:
                raise OptionError(f"a sample has at least 1 row, got n={noise}")
            return self._made(z[None], np.zeros(noise, np.int64), seed)
        given = torch.from_numpy(np.asarray(noise, dtype=np.float64)).float()
        if given.ndim != 2 or given.shape[1] != net.sampler.noise:
            raise DataError(f"noise has shape (n, {net.sampler.noise}) for this sampler, got {tuple(given.shape)}")
        return net.points(torch.from_numpy(z).float(), given)

    def vector(self, which: Any) -> Values:
        """The vector of a set of the fit by its label, a vector as it is, or the vector of rows; (latents,).

        Warns:
            RangeWarning: If a vector is far from those of the fit.

        Raises:
            DataError: If there is no such label, or a vector has another length.
        """
        z = self._code(which)
        if self._apart is None:  # it costs the square of the number of sets, and is the same for every vector
            self._apart = farthest(self.latents)
        nearest, usual = float(between(z[None], self.latents).min()), self._apart
        if nearest > 2 * usual:
            warnings.warn(
                f"this vector is {nearest:.3g} from the nearest set of the fit, where none is more than {usual:.3g} "
                "from its nearest: what is drawn from it is an extrapolation",
                RangeWarning,
                stacklevel=3,
            )
        return z

    def _code(self, which: Any) -> Values:
        net = self._fitted()
        if isinstance(which, str):
            if which not in self.labels:
                raise DataError(f"there was no set {which!r} in the fit; there were {join_names(self.labels)}")
            known: Values = self.latents[self.labels.index(which)]
            return known
        if hasattr(which, "columns") or hasattr(which, "names") or isinstance(which, Mapping) or np.ndim(which) != 1:
            return self.vectors(which)
        z: Values = np.asarray(which, dtype=np.float64)
        if z.shape != (net.latents,) or not np.isfinite(z).all():
            raise DataError(f"a vector has {net.latents} finite numbers, got shape {z.shape}")
        return z

    def distances(self, which: Any) -> Values:
        """Distances of a population, given as for `draw`, from the sets of the fit, (sets,)."""
        apart: Values = between(self._code(which)[None], self.latents)[0]
        return apart

    def distance(self, a: Any, b: Any) -> float:
        """Distance of the vectors of two populations, each given as for `draw`."""
        return float(np.linalg.norm(self.vector(a) - self.vector(b)))

    def interpolate(self, a: Any, b: Any, share: float = 0.5) -> Values:
        """The vector at this share of the way from a to b, (latents,); draw from it with `draw`."""
        if not np.isfinite(share):
            raise OptionError(f"share is a number, 0 at the first population and 1 at the second, got {share}")
        one, two = self.vector(a), self.vector(b)
        between: Values = (1 - share) * one + share * two
        return between

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _fitted(self) -> Network:
        net = fitted(self._net, self)
        assert isinstance(net, Network)
        return net

    def _network(self) -> nn.Module:
        return self._fitted()

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "labels": list(self.labels),
            "columns": list(self.columns),
            "group": self.group,
            "latents": self.latents.tolist(),
            "deviations": self.deviations.tolist(),
            "left_out": list(self.left_out),
            "warnings": list(self.warnings),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(GDEConfig(**options["config"]))
        for name in ("labels", "columns", "left_out", "warnings"):
            setattr(model, name, tuple(options[name]))
        model.group = options["group"]
        model.latents, model.deviations = (np.array(options[name]) for name in ("latents", "deviations"))
        model._net = Network(len(model.columns), model.config).eval()
        return model
