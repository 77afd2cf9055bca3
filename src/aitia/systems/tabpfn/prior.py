"""The prior over tables: a mixture of structural causal models and of networks with random weights.

A table of the prior is a perceptron without training, whose units are variables:

    c_j = m_j + s_j u_j,          m_j ~ N(0, 1),  s_j = abs(N(0, 1) m_j)        root causes                          (1)
    h_1 = W_1 c,    h_l = W_l a(h_(l-1)) + e_l,      e_l ~ N(0, sd_l^2)         units of layer l, each with its sd   (2)

    SCM     columns and target are units of the layers 2, 3, ...: causes, effects or siblings of one another
    BNN     columns are the root causes themselves, the target is a unit of the last layer

Weights are sparse, so (2) is a random DAG. The target is cut into classes at values of its own, whose names are
permuted; some columns are cut into categories, some cells go missing. Each table draws its own options from broad laws.

Tables of equal depth are made together, padded to the widest. Every table keeps what it was made of, so that it can be
turned into an `aitia.scm.SCM` with which `do` is asked (`aitia.systems.tabpfn.tables`).

Where we differ from the source: weights are N(0, gain^2 / fan-in), so that the share of the noise does not hang on the
width; laws of the options are fixed (the published ones have parameters with laws of their own, and a Gaussian process
as a third member); root causes are Gaussian only.

Source:
    Hollmann, Müller, Eggensperger and Hutter, TabPFN: A Transformer That Solves Small Tabular Classification Problems
    in a Second, ICLR 2023, section 4 and appendix C.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.systems.tabpfn.laws import Gamma, LogUniform, ScaledBeta

__all__ = ["ACTIVATIONS", "CLIP", "PriorBatch", "PriorConfig", "TablePrior", "TableSource", "activate"]

Values = NDArray[np.float64]
Whole = NDArray[np.int64]

ACTIVATIONS = ("tanh", "identity", "relu")
CLIP = 1e4
"""What a unit hands on, and what is read of it, lies between -CLIP and CLIP."""
_TRIALS = 10
"""Draws of the cuts before a table is drawn anew."""


@dataclass(frozen=True)
class PriorConfig:
    """Which tables the prior draws.

    Args:
        features: Most columns of a table; their number is uniform.
        classes: Most classes.
        scm: Share of SCM tables; the others are BNN tables.
        binary: Share of tables with two classes; the others have a uniform number of them.
        layers: Linear maps of (2).
        width: Units a layer; raised to 1 + 2 columns, so that a table has enough to choose from.
        causes: Root causes of an SCM table.
        gain: Of the weights.
        dropout: Share of weights that are 0.
        noise: Standard deviation of the law that each unit's sd is drawn from.
        blocks: Probability that weights connect blocks of units only.
        effect: Probability that the target is in the last layer; otherwise it is any unit.
        clique: Probability that the columns are neighbours.
        ordered: Probability that columns stand in the order of their layers.
        categorical: Most that the share of columns cut into categories can be.
        missing: Probability that a table lacks cells, up to a tenth of them.

    Raises:
        OptionError: If a number is out of range.
    """

    features: int = 20
    classes: int = 5
    scm: float = 0.6
    binary: float = 0.4
    layers: Gamma = Gamma(1.0, 1.2, 2, 6)  # noqa: RUF009  # frozen, so sharing it is safe
    width: Gamma = Gamma(3.0, 8.0, 4, 64)  # noqa: RUF009
    causes: Gamma = Gamma(2.0, 3.0, 2, 16)  # noqa: RUF009
    gain: LogUniform = LogUniform(0.5, 6.0)  # noqa: RUF009
    dropout: ScaledBeta = ScaledBeta(0.1, 5.0, 0.9)  # noqa: RUF009
    noise: LogUniform = LogUniform(1e-3, 0.5)  # noqa: RUF009
    blocks: float = 0.25
    effect: float = 0.5
    clique: float = 0.3
    ordered: float = 0.3
    categorical: float = 0.2
    missing: float = 0.1

    def __post_init__(self) -> None:
        if self.features < 1 or self.classes < 2:
            raise OptionError(
                f"a table has 1 column and 2 classes or more, got features={self.features}, classes={self.classes}"
            )
        for name in ("scm", "binary", "blocks", "effect", "clique", "ordered", "categorical", "missing"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"{name} is between 0 and 1, got {getattr(self, name)}")
        if self.layers.least < 2:
            raise OptionError(f"a table has 2 layers or more, got layers.least={self.layers.least}")


@dataclass(frozen=True, eq=False)
class TableSource:
    """What one table was made of: (1), (2), and how columns and target are read.

    Args:
        causal: Whether it is an SCM table.
        activation: One of `ACTIVATIONS`.
        means: m of the root causes, (causes,).
        spreads: s, (causes,).
        weights: W_1 (causes, width), W_2 (width, width), ...
        noise: sd of the units, (layers - 1, width); those of the first layer have none.
        columns: Layer and unit of each column, (features, 2); layer 0 are the root causes.
        target: Layer and unit of the target.
        cuts: Ascending values at which the target is cut into classes.
        order: The class that each stretch between cuts is called.
        categories: For each column the cuts and the names of its stretches, or None.
        root_noise: u of the rows, (rows, causes).
        unit_noise: e of the rows, (layers - 1, rows, width).
    """

    causal: bool
    activation: str
    means: Values
    spreads: Values
    weights: tuple[Values, ...]
    noise: Values
    columns: Whole
    target: tuple[int, int]
    cuts: Values
    order: Whole
    categories: tuple[tuple[Values, Whole] | None, ...]
    root_noise: Values
    unit_noise: Values

    def read_column(self, j: int, values: Values) -> Values:
        """Column j from the values of its unit, (n,): clipped, or cut into categories."""
        clipped = np.clip(values, -CLIP, CLIP)
        cut = self.categories[j]
        return clipped if cut is None else cut[1][np.searchsorted(cut[0], clipped)].astype(np.float64)

    def read_target(self, values: Values) -> Whole:
        """Classes from the values of the target's unit, (n,)."""
        return self.order[np.searchsorted(self.cuts, np.clip(values, -CLIP, CLIP))]


@dataclass(frozen=True, eq=False)
class PriorBatch:
    """Tables of the prior with equally many rows.

    Args:
        X: (tables, rows, features), NaN where a cell is missing, 0 in columns that a table does not have.
        y: Classes, (tables, rows), from 0.
        used: Columns of each table, (tables,).
        sources: What each was made of.
    """

    X: Values
    y: Whole
    used: Whole
    sources: tuple[TableSource, ...]


class TablePrior:
    """Draws tables.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Example:
        >>> batch = TablePrior(features=4, classes=3).batch(8, 32, np.random.default_rng(0))
        >>> batch.X.shape, batch.y.shape, bool((batch.used <= 4).all())
        ((8, 32, 4), (8, 32), True)
    """

    def __init__(self, config: PriorConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config or PriorConfig(), **options)
        except TypeError as error:
            raise OptionError(f"TablePrior: {error}") from error

    def batch(self, tables: int, rows: int, rng: np.random.Generator) -> PriorBatch:
        """Tables with this many rows each; one whose target can't be cut into classes of two rows is drawn anew.

        Raises:
            OptionError: If there are fewer rows than two for each class.
        """
        if tables < 1 or rows < 2 * self.config.classes:
            raise OptionError(
                f"a batch has 1 table or more, of {2 * self.config.classes} rows or more for {self.config.classes} "
                f"classes; got {tables} of {rows}"
            )
        made: list[tuple[Values, Whole, TableSource]] = []
        while len(made) < tables:
            depths = np.sort(self.config.layers.draw(rng, tables - len(made)))
            for depth in np.unique(depths):
                made += self._equal_depth(int((depths == depth).sum()), int(depth), rows, rng)
        picked = [made[k] for k in rng.permutation(tables)]
        X = np.zeros((tables, rows, self.config.features))
        for k, (columns, _, _) in enumerate(picked):
            X[k, :, : columns.shape[1]] = columns
        used = np.array([columns.shape[1] for columns, _, _ in picked])
        return PriorBatch(X, np.stack([y for _, y, _ in picked]), used, tuple(source for _, _, source in picked))

    def _equal_depth(
        self, tables: int, depth: int, rows: int, rng: np.random.Generator
    ) -> list[tuple[Values, Whole, TableSource]]:
        """Up to so many tables of one depth: (1) and (2) for all of them together."""
        config = self.config
        causal = rng.random(tables) < config.scm
        features = rng.integers(1, config.features + 1, tables)
        width = np.maximum(config.width.draw(rng, tables), np.where(causal, 1 + 2 * features, 1))
        causes = np.where(causal, config.causes.draw(rng, tables), features)
        activation = rng.integers(0, len(ACTIVATIONS), tables)
        C, H = int(causes.max()), int(width.max())
        means = rng.standard_normal((tables, C))
        spreads = np.abs(rng.standard_normal((tables, C)) * means)
        weights = self._weights(causes, width, depth, rng)
        noise = np.abs(rng.standard_normal((tables, depth - 1, H))) * config.noise.draw(rng, tables)[:, None, None]
        root_noise = rng.standard_normal((tables, rows, C))
        unit_noise = rng.standard_normal((tables, depth - 1, rows, H)) * noise[:, :, None, :]
        layers = [means[:, None] + spreads[:, None] * root_noise]
        layers.append(layers[0] @ weights[0])
        for k in range(1, depth):
            layers.append(_activate_each(layers[-1], activation) @ weights[k] + unit_noise[:, k - 1])
        made = []
        for t in range(tables):
            c, h = int(causes[t]), int(width[t])
            source = TableSource(
                causal=bool(causal[t]),
                activation=ACTIVATIONS[activation[t]],
                means=means[t, :c],
                spreads=spreads[t, :c],
                weights=(weights[0][t, :c, :h], *(w[t, :h, :h] for w in weights[1:])),
                noise=noise[t, :, :h],
                columns=np.empty((0, 2), dtype=np.int64),
                target=(depth, 0),
                cuts=np.empty(0),
                order=np.empty(0, dtype=np.int64),
                categories=(),
                root_noise=root_noise[t, :, :c],
                unit_noise=unit_noise[t, :, :, :h],
            )
            read = self._read(source, [layer[t] for layer in layers], int(features[t]), rng)
            if read is not None:
                made.append(read)
        return made

    def _weights(self, causes: Whole, width: Whole, depth: int, rng: np.random.Generator) -> list[Values]:
        """(tables, in, out) of each layer, 0 beyond a table's own units and where weights are dropped."""
        tables, H, C = len(width), int(width.max()), int(causes.max())
        gain, keep = self.config.gain.draw(rng, tables), 1 - self.config.dropout.draw(rng, tables)
        blocks = np.where(rng.random(tables) < self.config.blocks, rng.integers(2, 5, tables), 1)
        made = []
        for k in range(depth):
            fan, size = (causes, C) if k == 0 else (width, H)
            inside, outside = np.arange(size)[None] < fan[:, None], np.arange(H)[None] < width[:, None]
            kept = rng.random((tables, size, H)) < np.where(k == 0, 1.0, keep)[:, None, None]
            share = 1.0 if k == 0 else keep / blocks
            if k:
                side = np.arange(H)[None] * blocks[:, None] // width[:, None]
                kept &= side[:, :, None] == side[:, None, :]
            kept &= inside[:, :, None] & outside[:, None, :]
            sd = gain / np.sqrt(np.maximum(fan * share, 1.0))
            made.append(rng.standard_normal((tables, size, H)) * sd[:, None, None] * kept)
        return made

    def _read(
        self, source: TableSource, layers: list[Values], features: int, rng: np.random.Generator
    ) -> tuple[Values, Whole, TableSource] | None:
        """Columns and classes; None where the target is too constant to be cut."""
        columns, target = self._choose(source, features, rng)
        values = np.clip(layers[target[0]][:, target[1]], -CLIP, CLIP)
        cut = self._cut(values, rng)
        if cut is None:
            return None
        share = rng.uniform(0, self.config.categorical)
        raw = [layers[layer][:, unit] for layer, unit in columns]
        categories = tuple(_categories(np.clip(x, -CLIP, CLIP), rng) if rng.random() < share else None for x in raw)
        source = replace(
            source, columns=columns, target=target, cuts=cut, order=rng.permutation(len(cut) + 1), categories=categories
        )
        X = np.column_stack([source.read_column(j, x) for j, x in enumerate(raw)])
        if rng.random() < self.config.missing:
            X[rng.random(X.shape) < rng.uniform(0, 0.1)] = np.nan
        return X, source.read_target(values), source

    def _choose(self, source: TableSource, features: int, rng: np.random.Generator) -> tuple[Whole, tuple[int, int]]:
        """Layer and unit of each column, and of the target."""
        depth, width = len(source.weights), source.weights[0].shape[1]
        last = (depth, int(rng.integers(width)))
        if not source.causal:
            return np.column_stack([np.zeros(features, dtype=np.int64), np.arange(features)]), last
        pool = np.array([(layer, unit) for layer in range(2, depth + 1) for unit in range(width)])
        if rng.random() < self.config.clique:
            start = int(rng.integers(len(pool) - features))
            picked = rng.permutation(pool[start : start + features + 1])
        else:
            picked = pool[rng.choice(len(pool), features + 1, replace=False)]
        target = (int(picked[0, 0]), int(picked[0, 1]))
        if rng.random() < self.config.effect:
            target = last
        rest = picked[(picked != target).any(axis=1)][:features]
        return (rest[np.lexsort(rest.T[::-1])] if rng.random() < self.config.ordered else rest), target

    def _cut(self, values: Values, rng: np.random.Generator) -> Values | None:
        """Values at which the target is cut, none of whose stretches has fewer than two rows."""
        most = self.config.classes
        classes = 2 if rng.random() < self.config.binary else int(rng.integers(2, most + 1))
        for _ in range(_TRIALS):
            cuts = _above(values, rng.choice(values, classes - 1, replace=False))
            if np.bincount(np.searchsorted(cuts, values), minlength=classes).min() >= 2:
                return cuts
        return None


def activate(values: Values, activation: str) -> Values:
    """a(.) of (2) for values that were clipped."""
    clipped = np.clip(values, -CLIP, CLIP)
    if activation == "tanh":
        return np.tanh(clipped)
    return clipped if activation == "identity" else np.maximum(clipped, 0.0)


def _activate_each(values: Values, activation: Whole) -> Values:
    """`activate` with each table's own, (tables, rows, units)."""
    out = np.empty_like(values)
    for k, name in enumerate(ACTIVATIONS):
        out[activation == k] = activate(values[activation == k], name)
    return out


def _categories(values: Values, rng: np.random.Generator) -> tuple[Values, Whole]:
    """Cuts at random values, and the numbers that the stretches between them are called, ascending or permuted."""
    levels = int(rng.integers(2, 8))
    cuts = _above(values, rng.choice(values, levels - 1, replace=False))
    return cuts, rng.permutation(levels) if rng.random() < 0.5 else np.arange(levels)


def _above(values: Values, drawn: Values) -> Values:
    """Ascending cuts halfway from each drawn value to the next larger one, where rounding moves no row across."""
    distinct = np.unique(values)
    middle = np.append(0.5 * (distinct[1:] + distinct[:-1]), distinct[-1] + 1.0)
    return np.sort(middle[np.searchsorted(distinct, drawn)])
