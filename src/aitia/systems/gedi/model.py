"""Clusters, an alarm and draws from one network: self-supervision and an energy model in one loss.

    p(y | x) = softmax f(x)_y,     log p(x) = logsumexp_k f(x)_k - log Z                                           (1)
    x <- x + (a / 2) d log p(x) / dx + s e,   e ~ N(0, I)                                                            (2)

f is trained by three losses at once: the likelihood of (1), whose draws are made by (2) from a buffer (3); the
agreement of two views of a row (4); and the prior of the clusters (5); see `fitting.py` and `losses.py`. Where the sum
of the clusters of two pictures is known, its probability joins them (6): from sums alone one learns the summands.

`predict` says of a row its cluster, its energy -log p(x) (up to log Z, so that energies of two models cannot be
compared), and what share of rows that the training did not see has a lower one. A row that lacks its picture or
some numbers is drawn by (2), under the cluster that it is given where it is. The steps are too few and the noise too
small for an equilibrium: draws are of short runs, and log p is a score, not a density in nats.

Source:
    Sansone and Manhaeve, Unifying self-supervised clustering and energy-based models, TMLR 2025 (arXiv 2401.00873).
    Ours follows the paper's text and no code: weights 1, 50 and 10 are as we recall them; the prior may be other than
    even; prototypes are an option; a decay of log p keeps energies from drifting, after
    Du and Mordatch, Implicit generation and modeling with energy-based models, NeurIPS 2019.
    Grathwohl et al., Your classifier is secretly an energy based model, ICLR 2020 (the reading (1), the buffer).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import DataError, unknown_variable
from aitia.nn.backbones import ImageBackbone
from aitia.nn.opening_pictures import open_backbone
from aitia.nn.pretrained import Pretrained, fitted
from aitia.report import Block
from aitia.runs import RunStore
from aitia.system import Encodes, Given, Opened, Predicts, Scores, Training
from aitia.systems.gedi.card import CARD
from aitia.systems.gedi.config import GediConfig
from aitia.systems.gedi.fitting import trained
from aitia.systems.gedi.judge import judged
from aitia.systems.gedi.losses import Bound, bound
from aitia.systems.gedi.network import Network
from aitia.systems.gedi.page import blocks
from aitia.systems.gedi.reading import (
    IMAGE,
    OTHER,
    TOLD,
    as_pixels,
    as_tensor,
    check_columns,
    check_rows,
    clusters_of,
    grey,
    named,
    pixels,
    sums_of,
)
from aitia.systems.gedi.sampling import langevin
from aitia.systems.gedi.views import told, viewed
from aitia.train import History

__all__ = ["Gedi"]

Values = NDArray[np.float64]
_AT_ONCE = 512
"""Rows that go through the network together."""


class Gedi(Opened[ImageBackbone | None], Pretrained, Predicts, Encodes):
    """Groups unlabelled rows, says how strange a row is, and draws rows; no labels are needed, nor seen.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        history: How the training went.
        bound: How far the clustering loss is from the least that it can be, on rows that the training did not see.
        warnings: What to know about the fit, in sentences.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> rows = rng.normal(size=(80, 2)) + 6 * (np.arange(80) % 2)[:, None]
        >>> model = Gedi(clusters=2, steps=20, hidden=16, batch=32).fit(rows)
        >>> answer = model.predict(rows[:2])
        >>> answer
        Table(2 rows: x0, x1, cluster, probability, energy, stranger)
        >>> model.predict({"x0": [6.0], "x1": [None]}).missing("x1")  # drawn, given the other number
        0
    """

    card = CARD
    Config = GediConfig
    config: GediConfig
    needed = ()
    history: History | None = None
    bound: Bound | None = None
    warnings: tuple[str, ...] = ()
    _net: Network | None = None
    _shape: tuple[int, ...] = ()
    _columns: tuple[str, ...] = ()

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants pictures or numbers; sums only of two pictures."""
        check_columns(given)
        if len(given) < self.config.clusters:
            check_rows(np.zeros((len(given), 1)), (), self.config.clusters)

    def work(self, given: Given) -> str:
        """Updates, Langevin steps and rows."""
        config = self.config
        walk = f", {config.walk} Langevin steps before each" if config.generative else ""
        return (
            f"{config.steps} updates with {min(config.batch, len(given))} of {len(given)} rows{walk}, "
            f"{config.clusters} clusters"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        config = self.config
        self._columns = () if given.columns(IMAGE) else given.columns("variables")
        raw: NDArray[Any] = given.table.matrix(self._columns) if self._columns else pixels(given, IMAGE)
        few = check_rows(raw, self._columns, config.clusters)
        tensors: tuple[Tensor, ...]
        if self._columns:
            tensors = (torch.from_numpy(np.asarray(raw, dtype=np.float64)).float(),)
        else:
            pair = (raw,) if not given.columns(OTHER) else (raw, self._second(given, raw))
            channels = 1 if all(map(grey, pair)) else 3
            tensors = tuple(as_tensor(images, channels) for images in pair)
            if len(pair) == 2:
                total = sums_of(given, config.clusters)
                tensors += (torch.full((len(raw),), -1) if total is None else total,)
        self._shape = tuple(tensors[0].shape[1:])
        order = np.random.default_rng([config.seed, 83]).permutation(len(raw))
        cut = max(int(config.held_out * len(raw)), 1)
        held, kept = order[:cut], np.sort(order[cut:])
        backbone = self._opened_on
        if backbone is not None and self._columns:
            raise DataError("a backbone reads pictures, and these rows are numbers: leave it out")
        found = trained(self._shape, tuple(t[kept] for t in tensors), config, run, backbone)
        self._net, self.history = found.net, found.history
        apart = tensors[0][held]
        marks = np.quantile(-logsumexp(self._logits(apart), axis=1), np.linspace(0, 1, len(found.net.usual)))
        found.net.usual.copy_(torch.from_numpy(marks))
        self.bound = self._bound(apart)
        self.warnings = (*few, *self._small_batch(len(kept)), *found.warnings, *self._empty_clusters(tensors[0]))

    def _second(self, given: Given, first: NDArray[np.uint8]) -> NDArray[np.uint8]:
        second = pixels(given, OTHER)
        if second.shape != first.shape:
            a, b = (f"{images.shape[2]}x{images.shape[1]}" for images in (first, second))
            raise DataError(f"pictures of image are {a} and of other_image {b}: scale them to one size (size)")
        return second

    def _small_batch(self, rows: int) -> tuple[str, ...]:
        size, least = min(self.config.batch, rows), 10 * self.config.clusters
        if size >= least:
            return ()
        return (f"A batch of {size} says little of how often {self.config.clusters} clusters are used: take {least}.",)

    def _empty_clusters(self, x: Tensor) -> tuple[str, ...]:
        used = np.bincount(self._logits(x).argmax(1), minlength=self.config.clusters)
        empty = [named(k) for k, count in enumerate(used.tolist()) if not count]
        return (f"No row is in {', '.join(empty)}: take fewer clusters, or say their prior.",) if empty else ()

    def _bound(self, x: Tensor) -> Bound:
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(self.config.seed)
            net, z = self._ready, self._ready.scaled(x)
            views = net(viewed(z, self.config)), net(viewed(z, self.config))
        return bound(*views, torch.tensor(self.config.shares, dtype=torch.float32))

    @property
    def training(self) -> Training:
        """Losses, what views assume, and how far the bound is."""
        losses = tuple(self.history.losses) if self.history is not None else ()
        notes = [told(self.config, self.draws_pictures)]
        if self.bound is not None:
            notes.append(
                f"The clustering loss is {self.bound.gap:.3g} nats above the least that it can be: "
                f"{self.bound.invariance:.3g} as views disagree or are not certain, {self.bound.usage:.3g} as clusters "
                "are not used by their prior."
            )
        return Training((("training", losses),), tuple(notes), self.warnings)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """Of the clusters: c0, c1, ..."""
        return tuple(named(k) for k in range(self.config.clusters))

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the numbers; none where rows are pictures."""
        return self._columns

    @property
    def draws_pictures(self) -> bool:
        """Whether rows are pictures."""
        return len(self._shape) == 3

    def _encode(self, given: Given) -> Table:
        """The probability of each cluster, the energy, and the share of usual rows that is less strange."""
        x, lacks = self._read(given)
        if lacks.any():
            raise DataError(f"row {int(np.argmax(lacks.any(axis=1)))} is not whole: predict fills it first")
        logits = self._logits(x)
        columns = dict(zip(self.names, softmax(logits, axis=1).T, strict=True))
        energy = -logsumexp(logits, axis=1)
        columns |= {"energy": energy, "stranger": self._stranger(energy)}
        return Table.of(columns, kinds=dict.fromkeys(columns, "number"))

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Rows with what they lack drawn by (2), and their cluster where none is given."""
        if taken := [name for name in TOLD if given.rows is not None and name in given.table]:
            raise DataError(f"column {taken[0]!r} would be written over by the answer: rename it")
        given = given.take(np.repeat(np.arange(len(given)), draws))
        column = given.column("cluster") or "cluster"
        asked = clusters_of(given, column, self.config.clusters)
        x, lacks = self._read(given)
        torn: NDArray[np.bool_] = np.logical_or.reduce(lacks, axis=1)
        rows = np.flatnonzero(torn)
        if torn.any():
            x[rows] = self._drawn(x[rows], lacks[rows], asked[rows], seed)
        logits = self._logits(x)
        cluster = np.where(asked >= 0, asked, logits.argmax(1))
        energy = -logsumexp(logits, axis=1)
        changed: dict[str, Any] = {}
        kinds: dict[str, str] = {column: "label"}
        if self._columns:
            changed |= dict(zip(self._columns, x.double().numpy().T, strict=True)) if torn.any() else {}
            kinds |= dict.fromkeys(changed, "number")
        elif torn.any():
            changed[given.column(IMAGE) or IMAGE] = self._images(given, x, torn)
        probability = softmax(logits, axis=1)[np.arange(len(cluster)), cluster]
        changed |= {column: [named(k) for k in cluster.tolist()]}
        changed |= dict(zip(TOLD, (probability, energy, self._stranger(energy)), strict=True))
        return given.data.with_known(changed, {**kinds, **dict.fromkeys(TOLD, "number")})

    def _empty(self, n: int) -> Data:
        return Table.of({"cluster": [None] * n}, kinds={"cluster": "label"})

    def numbers(self, *data: Any, **roles: Any) -> Values:
        """Whole rows as the network sees them, flat, (n, d): pixels from -1 to 1, numbers in standard deviations.

        Raises:
            DataError: If a row lacks its picture or a number.
        """
        x, lacks = self._read(self.given(*data, **roles))
        if lacks.any():
            raise DataError(f"row {int(np.argmax(lacks.any(axis=1)))} is not whole: predict fills it first")
        values: Values = self._ready.scaled(x).flatten(1).double().numpy()
        return values

    def logits(self, numbers: Values) -> Values:
        """f of (1) of rows as `numbers` gives them, (n, K): their energy is minus the logsumexp."""
        net = self._ready
        x = torch.from_numpy(numbers).float().reshape(-1, *self._shape)
        with torch.no_grad():
            parts = [net(part) for part in torch.split(x, _AT_ONCE)]
        found: Values = torch.cat(parts).double().numpy()
        return found

    # -- steps of an answer --------------------------------------------------------------------------------------------

    @property
    def _ready(self) -> Network:
        net = fitted(self._net, self)
        assert isinstance(net, Network)
        if net.features:
            net.stand_on(self._opened_on)
        return net

    def _opening(self, subjects: Mapping[str, Any]) -> ImageBackbone | None:
        return open_backbone(subjects["backbone"]) if "backbone" in subjects else None

    def _read(self, given: Given) -> tuple[Tensor, NDArray[np.bool_]]:
        """Rows (n, *shape) in raw units, and which numbers each lacks: (n, d), or (n, 1) for a whole picture."""
        self._ready  # noqa: B018 - refuses what is not fitted
        table, n = given.table, len(given)
        if self._columns:
            x = np.zeros((n, len(self._columns)))
            lacks = np.ones((n, len(self._columns)), dtype=bool)
            for k, name in enumerate(self._columns):
                if name in table:
                    lacks[:, k] = table.absent(name)
                    x[:, k] = np.where(lacks[:, k], 0.0, table.column(name))
            if not set(self._columns) & set(table.names) and "cluster" not in table:
                raise unknown_variable(self._columns[0], table.names, "table")
            return torch.from_numpy(x).float(), lacks
        column = given.column(IMAGE) or IMAGE
        gone = table.absent(column) if column in table else np.ones(n, dtype=bool)
        made = torch.zeros(n, *self._shape)
        if not gone.all():
            seen = np.flatnonzero(~gone)
            images = pixels(given.take(seen), IMAGE)
            if images.shape[1:3] != self._shape[1:]:
                sizes = [f"{shape[1]}x{shape[0]}" for shape in (images.shape[1:3], self._shape[1:])]
                raise DataError(f"pictures are {sizes[0]}, this model was trained on {sizes[1]}")
            made[seen] = as_tensor(images, self._shape[0], seen)
        return made, gone[:, None]

    def _drawn(self, x: Tensor, lacks: NDArray[np.bool_], asked: NDArray[np.int64], seed: int) -> Tensor:
        """What rows lack, drawn by (2) from draws of the training; under the cluster that is given, where one is."""
        net, config = self._ready, self.config
        generator = torch.Generator().manual_seed(int(np.random.SeedSequence([seed, 97]).generate_state(1)[0]))
        with torch.no_grad():
            kept = net(net.replay)
            by = torch.where(torch.from_numpy(asked >= 0)[:, None], kept.T[asked.clip(0)], kept.logsumexp(1)[None])
            # Of as many as there are rows, the best that the buffer has of what is asked.
            chance = -torch.log(-torch.log(torch.rand(by.shape, generator=generator).clamp(1e-9, 1 - 1e-7)))
            start = net.replay[(by + chance).argmax(1)]
        free = torch.from_numpy(lacks).reshape(len(x), *(self._shape if self._columns else (1, 1, 1)))
        free = free.expand(len(x), *self._shape)
        target = torch.from_numpy(asked.clip(0))

        def score(z: Tensor) -> Tensor:
            logits = net(z)
            one = logits.gather(1, target[:, None])[:, 0]
            return torch.where(torch.from_numpy(asked >= 0), one, logits.logsumexp(1))

        begin = torch.where(free, start, net.scaled(x))
        z = langevin(score, begin, config.draw_walk, net.stepping, (net.low, net.high), generator=generator, free=free)
        return torch.where(free, net.raw(z), x)

    def _images(self, given: Given, x: Tensor, drawn: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """All pictures, those that were given byte for byte."""
        images = as_pixels(x)
        if not drawn.all():
            images[~drawn] = given.take(np.flatnonzero(~drawn)).pictures(IMAGE)
        return images

    def _logits(self, x: Tensor) -> Values:
        """(n, K) of rows in raw units."""
        return self.logits(self._ready.scaled(x).flatten(1).numpy())

    def _stranger(self, energy: Values) -> Values:
        """Share of the rows that the training did not see whose energy is lower."""
        marks = self._ready.usual.double().numpy()
        return np.interp(energy, marks, np.linspace(0, 1, len(marks)))

    # -- judging and keeping -------------------------------------------------------------------------------------------

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Strange rows told from usual ones, and clusters against known classes; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """Clusters, draws, and the strangest rows; see `page.py`."""
        return blocks(self, given)

    def _network(self) -> nn.Module:
        return fitted(self._net, self)

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "shape": list(self._shape),
            "features": cast(Network, fitted(self._net, self)).features,
            "columns": list(self._columns),
            "bound": asdict(self.bound) if self.bound is not None else None,
            "warnings": list(self.warnings),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(GediConfig(**{**options["config"], "prior": tuple(options["config"]["prior"])}))
        model._shape, model._columns = tuple(options["shape"]), tuple(options["columns"])
        model.bound = Bound(**options["bound"]) if options["bound"] is not None else None
        model.warnings = tuple(options["warnings"])
        model._net = Network(model.config, model._shape, options["features"]).eval()
        return model
