"""Before and after a date: an interrupted time series, or a difference in differences beside a group left alone.

    series        y = a + b t + level (t >= T) + slope (t - T) (t >= T) + e        errors robust to their correlation
    differences   y = a + g G + p (t >= T) + effect G (t >= T) + e                 errors robust to clusters

Each takes something for granted that the rows can only speak against: that the line before T would have gone on, or
that both groups would have moved alike. Before T it is tested whether they did.

References:
    Wagner et al., Segmented regression analysis of interrupted time series studies, Journal of Clinical Pharmacy and
    Therapeutics 27 (2002); Newey and West, Econometrica 55 (1987), with the lags of their 1994 rule.
    Angrist and Pischke, Mostly harmless econometrics (2009), section 5.2; Bertrand, Duflo and Mullainathan, QJE 119
    (2004), for clusters.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.spreadsheet.dates import dates_of
from aitia.data.table import Kind, Table
from aitia.discovery.effects.question import label_of
from aitia.discovery.effects.regression import least_squares
from aitia.discovery.effects.rows import as_table, censored, rows_of
from aitia.errors import DataError, OptionError, join_names

__all__ = ["BeforeAfter", "before_after"]

Values = NDArray[np.float64]
LEAST = 8
"""Rows on either side of the date."""


@dataclass(frozen=True)
class BeforeAfter:
    """What changed with a date.

    Args:
        method: `interrupted time series` or `difference in differences`.
        outcome: What is watched.
        label: The label whose share it is, None for a number.
        since: The date, as it was said.
        estimate: The step at the date, or the difference of the differences.
        low: Lower end of its interval.
        high: Upper end.
        confidence: Coverage of the interval.
        slope: Of a series, what the slope changed by (per unit of time: a day, of dates) with its interval; else None.
        before: Rows before the date.
        after: Rows from it on.
        assumed: What it takes for granted, and what the rows before the date say of that.
        warnings: What to keep in mind.
        unit: Of time, as the slope has it.
        flow: How the rows came to be, and which were left out, a line each.
    """

    method: str
    outcome: str
    label: object | None
    since: str
    estimate: float
    low: float
    high: float
    confidence: float
    slope: tuple[float, float, float] | None
    before: int
    after: int
    assumed: str
    warnings: tuple[str, ...] = ()
    unit: str = "unit of time"
    flow: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = self.outcome if self.label is None else f"P({self.outcome} = {self.label})"
        return f"{what} changed by {self.estimate:.4g} [{self.low:.4g}, {self.high:.4g}] with {self.since}"

    def lines(self) -> list[str]:
        """All that is to be read of it, a line each."""
        lines = [str(self)]
        if self.slope is not None:
            mid, low, high = self.slope
            lines.append(f"and its slope by {mid:.4g} [{low:.4g}, {high:.4g}] per {self.unit}")
        name = self.method.capitalize()
        lines.append(f"{name} over {self.before} rows before and {self.after} after. {self.assumed}")
        return [*lines, *(f"Note: {told}" for told in self.warnings)]

    def to_json(self) -> dict[str, Any]:
        """In JSON values, for programs."""
        told = {**vars(self), "label": self.label if self.label is None else str(self.label)}
        return {**told, "slope": None if self.slope is None else list(self.slope), "warnings": list(self.warnings),
                "flow": list(self.flow)}  # fmt: skip


def before_after(
    table: Any,
    outcome: str,
    time: str,
    since: str | float,
    *,
    treated: tuple[str, object] | None = None,
    label: object | None = None,
    cluster: str | None = None,
    confidence: float = 0.95,
    accept_censored: bool = False,
) -> BeforeAfter:
    """What changed in an outcome with a date.

    Args:
        table: The rows, a file or whatever `Table.of` reads; those with gaps in what is needed are left out.
        outcome: The column to watch.
        time: The column that says when a row was taken.
        since: The first moment after the change, a number or a date as the column has it.
        treated: Column and label of the rows that the change concerned; None for a series without a group beside it.
        label: For an outcome of labels, the one whose share is watched; None takes the last.
        cluster: Column of clusters, of a difference in differences.
        confidence: Coverage of the interval.
        accept_censored: Whether an outcome that looks censored is taken as it stands.

    Raises:
        UnknownVariableError: If the table lacks a column.
        OptionError: If the date cannot be read, or no row is in the group, or out of it.
        DataError: If time is of labels that are no dates, the outcome is censored, or either side has fewer than eight
            rows.
    """
    if not 0 < confidence < 1:
        raise OptionError(f"confidence lies between 0 and 1, got {confidence}")
    table = as_table(table)
    label = label_of(table, outcome, label)
    names = [outcome, time] if treated is None else [outcome, time, treated[0]]
    taken = censored(table, outcome, accept_censored)
    rows = rows_of(table, names, "complete", None, cluster)
    t, at = _time(rows.table, time), _moment(rows.table, time, since)
    values = rows.table.column(outcome)
    y = values if label is None else (values == rows.table.categories(outcome).index(label)).astype(np.float64)
    post = t >= at
    before, after = int((~post).sum()), int(post.sum())
    if min(before, after) < LEAST:
        raise DataError(
            f"{before} rows lie before {since} and {after} from it on: at least {LEAST} are needed on either side"
        )
    shared = {
        "outcome": outcome, "label": label, "since": str(since), "confidence": confidence, "before": before,
        "after": after, "warnings": (*rows.warnings, *taken), "flow": tuple(rows.flow.lines()),
        "unit": "day" if _dated(rows.table, time) else "unit of time",
    }  # fmt: skip
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    if treated is None:
        if cluster is not None:
            raise OptionError("clusters are of a difference in differences (--treated): a series is its own cluster")
        return _series(t - at, y, post, z, shared)
    return _differences(t - at, y, post, _group(rows.table, treated), rows.clusters, z, shared)


def _series(t: Values, y: Values, post: NDArray[np.bool_], z: float, shared: dict[str, Any]) -> BeforeAfter:
    order = np.argsort(t, kind="stable")
    t, y, post = t[order], y[order], post[order].astype(np.float64)
    X = np.column_stack([np.ones(len(t)), t, post, t * post])
    fit = least_squares(X, y)
    scores = X * fit.residual[:, None]
    lags = int(4 * (len(t) / 100) ** (2 / 9))
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        across = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (across + across.T)
    inverse = np.linalg.inv(X.T @ X)
    errors = np.sqrt(np.diag(inverse @ middle @ inverse) * len(t) / fit.freedom)
    ends = [(float(b), float(b - z * s), float(b + z * s)) for b, s in zip(fit.coefficients, errors, strict=True)]
    assumed = (
        "It takes for granted that the line before would have gone on and nothing else changed then; errors are "
        f"robust to correlation over {lags} rows."
    )
    return BeforeAfter(
        "interrupted time series", estimate=ends[2][0], low=ends[2][1], high=ends[2][2], slope=ends[3],
        assumed=assumed, **shared,
    )  # fmt: skip


def _differences(
    t: Values, y: Values, post: NDArray[np.bool_], group: NDArray[np.bool_], clusters: NDArray[np.intp] | None,
    z: float, shared: dict[str, Any],
) -> BeforeAfter:  # fmt: skip
    for side, when in ((~post, "before"), (post, "after")):
        for inside, what in ((group, "in the group"), (~group, "out of it")):
            if (side & inside).sum() < 2:
                raise DataError(f"fewer than two rows {what} lie {when} {shared['since']}: nothing to compare")
    one = np.ones(len(y))
    fit = least_squares(np.column_stack([one, group, post, group & post]), y, clusters=clusters)
    mid, error = float(fit.coefficients[3]), float(fit.covariance[3, 3]) ** 0.5
    assumed = "It takes for granted that both groups would have moved alike."
    warnings = list(shared["warnings"])
    early = ~post
    if len(np.unique(t[early])) > 2:
        X = np.column_stack([one[early], t[early], group[early], group[early] * t[early]])
        lead = least_squares(X, y[early], clusters=None if clusters is None else _renumbered(clusters[early]))
        apart = float(lead.coefficients[3]) / float(lead.covariance[3, 3]) ** 0.5
        p = 2 * (1 - NormalDist().cdf(abs(apart)))
        assumed += f" Before, their slopes differ with p = {p:.2g}."
        if p < 0.05:
            warnings.append("before the date the groups did not move alike: the difference is no effect of the change")
    if clusters is None:
        warnings.append("rows of one unit at several times are not independent: --cluster says which belong together")
    told = {**shared, "warnings": tuple(warnings)}
    return BeforeAfter(
        "difference in differences", estimate=mid, low=mid - z * error, high=mid + z * error, slope=None,
        assumed=assumed, **told,
    )  # fmt: skip


def _renumbered(clusters: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.asarray(np.unique(clusters, return_inverse=True)[1].ravel(), dtype=np.intp)


def _group(rows: Table, treated: tuple[str, object]) -> NDArray[np.bool_]:
    name, wanted = treated
    labels = rows.categories(name)
    found = [k for k, label in enumerate(labels) if label == wanted or str(label) == str(wanted)]
    if not found:
        has = f"its labels are {join_names(labels)}" if labels else "it is a number"
        raise OptionError(f"{name!r} is never {wanted!r}: {has}")
    group: NDArray[np.bool_] = rows.column(name) == found[0]
    if group.all() or not group.any():
        raise OptionError(f"every row has the same answer to {name} = {wanted}: there is no group beside it")
    return group


def _time(rows: Table, name: str) -> Values:
    """The column as numbers that grow with time; text of dates as days since 1970.

    Raises:
        DataError: If it is of labels that are no dates.
    """
    if rows.continuous(name):
        return rows.column(name)
    labels = rows.labels(name)
    if not any(isinstance(label, str) for label in rows.categories(name)):
        return np.asarray(labels.tolist(), dtype=np.float64)
    try:
        return _days(np.array(labels.tolist(), dtype="datetime64[us]"))
    except ValueError:
        raise DataError(
            f"{name!r} has labels that are no dates, such as {rows.categories(name)[0]!r}: write them as 2024-05-31"
        ) from None


def _moment(rows: Table, name: str, since: str | float) -> float:
    """The date in the numbers of the column.

    Raises:
        OptionError: If it cannot be read.
    """
    dates = _dated(rows, name)
    said = _iso(str(since)) if dates else since
    try:
        return float(_days(np.array([said], dtype="datetime64[us]"))[0]) if dates else float(said)
    except ValueError:
        form = "a date such as 2024-05-31" if dates else "a number"
        raise OptionError(f"{name!r} takes {form}, and --since is {since!r}") from None


def _dated(rows: Table, name: str) -> bool:
    return rows.kind(name) is Kind.TIME or any(isinstance(label, str) for label in rows.categories(name))


def _iso(since: str) -> str:
    """The date in the order of its parts, where it is written in another form that is read in one way alone.

    Raises:
        OptionError: If day and month cannot be told apart.
    """
    found = dates_of([since], None)
    if found is None:
        return since
    if found.ambiguous is not None:
        raise OptionError(f"--since {since} may be two dates: write it as 2024-05-31")
    moment = found.value(since)
    return since if moment is None else moment.isoformat()


def _days(moments: NDArray[Any]) -> Values:
    days: Values = (moments - np.datetime64(0, "us")) / np.timedelta64(1, "D")
    return days
