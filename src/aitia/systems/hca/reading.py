"""What hierarchical component analysis reads: scores and groups as they are given, latents as scores name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.systems.hca.ica import Components, gaussian_negentropy
from aitia.systems.hca.ordering import Ordering

__all__ = [
    "Alignment",
    "LatentReading",
    "ShareOfOrders",
    "aligned",
    "checked_scores",
    "group_labels",
    "looks_gaussian",
    "matched",
    "numbers",
    "read_latents",
    "score_table",
]

Values = NDArray[np.float64]


# -- latents -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Alignment:
    """How well one score tells a latent.

    Args:
        latent: Such as `z1`.
        score: The column.
        r2: Of the latent on this score and the latents before it.
        partial_r2: What the score adds, as a share of what the latents before it leave.
    """

    latent: str
    score: str
    r2: float
    partial_r2: float


@dataclass(frozen=True)
class ShareOfOrders:
    """An order of scores that the latents were named after, and in which share of the bootstrap samples it came out."""

    scores: tuple[str, ...]
    share: float


def aligned(
    order: Ordering, rows: Sequence[Values], columns: Sequence[str]
) -> tuple[Values, tuple[Alignment, ...], tuple[str, ...]]:
    """(2): the matrix that re-mixes the latents, every alignment, and the names."""
    x = np.concatenate([part - part.mean(axis=0) for part in rows])
    z = x @ order.shared.T
    remix, alignments, named = np.eye(z.shape[1]), [], []
    for i in range(z.shape[1]):
        before = z[:, :i]
        fits = []
        for b, column in enumerate(columns):
            design = np.column_stack([x[:, b], before])
            coefficients, *_ = np.linalg.lstsq(design, z[:, i], rcond=None)
            rest = float(((z[:, i] - design @ coefficients) ** 2).sum())
            total = float((z[:, i] ** 2).sum())
            alone = z[:, i] - before @ np.linalg.lstsq(before, z[:, i], rcond=None)[0] if i else z[:, i]
            partial = 1 - rest / max(float((alone**2).sum()), 1e-300)
            alignments.append(Alignment(f"z{i + 1}", column, 1 - rest / max(total, 1e-300), partial))
            fits.append((rest, b, coefficients))
        _, b, coefficients = min(fits, key=lambda fit: (fit[0], fit[1]))
        named.append(columns[b])
        scale = coefficients[0] if coefficients[0] != 0 else 1.0
        remix[i, :i] = -coefficients[1:] / scale
        remix[i, i] = 1 / scale
    return remix, tuple(alignments), tuple(named)


@dataclass(frozen=True, eq=False)
class LatentReading:
    """Latents on the scale of (2), and what follows from that.

    Args:
        unmixing: H, (d, scores).
        mixing: G, (scores, d).
        weights: A_k, (groups, d, d).
        noise: Standard deviations of the noise, (groups, d).
        spread: Standard deviations of the latents, (groups, d).
        alignments: Every latent beside every score.
        named: The score that each latent is named after.
    """

    unmixing: Values
    mixing: Values
    weights: Values
    noise: Values
    spread: Values
    alignments: tuple[Alignment, ...]
    named: tuple[str, ...]

    @property
    def shifts(self) -> Values:
        """What a rise of each latent by one of its standard deviations changes in the scores, (groups, scores, d)."""
        inverse = np.linalg.inv(np.eye(self.weights.shape[-1]) - self.weights)
        shifts: Values = self.mixing @ inverse * self.spread[:, None]
        return shifts


def read_latents(order: Ordering, rows: Sequence[Values], columns: Sequence[str]) -> LatentReading:
    """Names, scales and weights from H and B, equation (2); rows (n, scores) of each group."""
    remix, alignments, named = aligned(order, rows, columns)
    unmixing = remix @ order.shared
    triangular = order.triangular @ np.linalg.inv(remix)
    diagonal = np.diagonal(triangular, axis1=1, axis2=2)
    return LatentReading(
        unmixing,
        np.asarray(np.linalg.pinv(unmixing), dtype=np.float64),
        np.eye(remix.shape[0]) - triangular / diagonal[:, :, None],
        np.abs(1 / diagonal),
        np.stack([(part @ unmixing.T).std(axis=0) for part in rows]),
        alignments,
        named,
    )


def matched(directions: Values, to: Values) -> Values:
    """Columns in the order and with the signs in which they are most like the columns of another matrix."""
    from scipy.optimize import linear_sum_assignment

    unit = [m / np.maximum(np.linalg.norm(m, axis=0), 1e-300) for m in (to, directions)]
    cosine = unit[0].T @ unit[1]
    _, column = linear_sum_assignment(-np.abs(cosine))
    sign = np.sign(cosine[np.arange(len(column)), column])
    matched: Values = directions[:, column] * np.where(sign == 0, 1.0, sign)
    return matched


def looks_gaussian(components: Components, n: int) -> bool:
    """Whether two or more sources are no further from Gaussian than those of Gaussian rows; one may be Gaussian."""
    d = len(components.negentropy)
    if d < 2:
        return False
    chance = np.quantile(gaussian_negentropy(n, d), 0.95, axis=0)
    return bool(np.sort(components.negentropy)[1] <= chance[1])


# -- scores and groups -------------------------------------------------------------------------------------------------


def score_table(X: Any) -> Table:
    """Scores as a table; columns of an array are called `score_1`, ..."""
    if isinstance(X, np.ndarray):
        if X.ndim != 2:
            raise DataError(f"scores are (rows, columns), got shape {X.shape}")
        return Table.of({f"score_{k + 1}": X[:, k] for k in range(X.shape[1])})
    return Table.of(X)


def group_labels(groups: Sequence[Any] | NDArray[Any]) -> NDArray[np.str_]:
    """The groups as text; empty where a row has none."""
    absent = [g is None or (isinstance(g, float) and np.isnan(g)) for g in groups]
    return np.array(["" if gone else str(g) for g, gone in zip(groups, absent, strict=True)], dtype=np.str_)


def numbers(table: Table, names: Sequence[str]) -> Values:
    """(n, columns); a column of few whole numbers, which a table takes for labels, is one of numbers here."""
    return np.column_stack([_number_column(table, name) for name in names])


def _number_column(table: Table, name: str) -> Values:
    if table.continuous(name):
        return table.column(name)
    labels = table.labels(name)
    if text := [label for label in table.categories(name) if isinstance(label, (str, bool))]:
        raise DataError(f"{name!r} is no score: it holds labels such as {text[0]!r}")
    return np.array([np.nan if label is None else float(label) for label in labels])


def checked_scores(x: Values, names: Sequence[str], factors: int) -> Values:
    """The scores, (n, columns), as they are; refuses what would give a wrong answer in silence."""
    bad = ~np.isfinite(x)
    if bad.any():
        row, column = (int(k) for k in np.argwhere(bad)[0])
        raise DataError(
            f"{names[column]!r} has no number in row {row} ({int(bad.any(axis=1).sum())} such rows): drop them, "
            "or fill them with aitia.systems.hca.completion.complete"
        )
    if factors >= x.shape[1]:
        raise DataError(f"{factors} latents need more than {factors} scores, got {x.shape[1]}")
    for k, name in enumerate(names):
        if np.ptp(x[:, k]) == 0:
            raise DataError(f"the score {name!r} is {x[0, k]:g} in every row: leave it out")
        for other in range(k):
            if abs(np.corrcoef(x[:, k], x[:, other])[0, 1]) > 1 - 1e-9:
                raise DataError(f"the scores {names[other]!r} and {name!r} are the same up to scale: keep one")
    size = np.abs(x).max(axis=0)
    if x.min() >= 0 and (size <= 1).any() and (size > 1.5).any():
        small = [name for name, most in zip(names, size, strict=True) if most <= 1]
        large = [name for name, most in zip(names, size, strict=True) if most > 1.5]
        raise DataError(
            f"{', '.join(small)} look like shares of 1 and {', '.join(large)} like per cent: bring all to one scale, "
            "or say scales=rescale (--scales rescale)"
        )
    return x
