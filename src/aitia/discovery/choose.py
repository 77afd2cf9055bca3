"""Which method suits a table: the choice of `--method auto`, with its reasons in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.discovery.series import TimeSeries
from aitia.discovery.suited import suited
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.graph import Knowledge
from aitia.system import systems

__all__ = ["ContextKind", "Plan", "choose", "methods"]

ContextKind = Literal["auto", "time", "domain"]

DOMAIN_AT_MOST = 50
"""A numeric context with more distinct values than this is taken as time."""


@dataclass(frozen=True)
class Plan:
    """What will be run, and why.

    Args:
        method: A slug of `methods`.
        context: The context column, None for methods that take none.
        context_kind: `time` or `domain`, None without a context.
        reasons: One sentence a choice.
        roles: The columns that are no variables, by role.
    """

    method: str
    context: str | None
    context_kind: Literal["time", "domain"] | None
    reasons: tuple[str, ...]
    roles: Mapping[str, str] = field(default_factory=dict)


def methods() -> tuple[str, ...]:
    """The searches that `discover` runs: PC, CD-NOD, and each system whose card is a member of discover."""
    return ("pc", "cd-nod", *(slug for slug, entry in systems().items() if entry.card.member_of == "discover"))


def choose(
    table: Table,
    method: str = "auto",
    context: str | None = None,
    context_kind: ContextKind = "auto",
    series: TimeSeries | None = None,
    *,
    knowledge: Knowledge | None = None,
    tests: bool = False,
) -> Plan:
    """The method for this table: CD-NOD with a context, PCMCI+ with a time, else see `suited`.

    Args:
        table: Variables, and the context where there is one.
        method, context, context_kind, series: As for `discover`.
        knowledge: What is known beforehand.
        tests: Whether someone asked for what searches by tests alone have, such as a level.

    Raises:
        OptionError: If the options contradict, such as `cd-nod` without a context.
        UnknownVariableError: If the context is no column.
        DataError: If fewer than two variables remain beside the context.
    """
    if method not in ("auto", *methods()):
        raise OptionError(f"method is one of auto, {join_names(methods(), 20)}; got {method!r}")
    if context_kind not in ("auto", "time", "domain"):
        raise OptionError(f"context_kind is 'auto', 'time' or 'domain', got {context_kind!r}")
    if context is not None and context not in table:
        raise unknown_variable(context, table.names, "table")
    if method == "cd-nod" and context is None:
        raise OptionError("cd-nod needs a context: name the column that says when or where a row was taken (--context)")
    if method not in ("auto", "cd-nod") and context is not None:
        raise OptionError(
            f"{method} has no use for a context: drop --context, or choose cd-nod to let {context!r} play its part"
        )
    if series is not None and series.time is not None:
        return _over_time(table, method, context, series)
    if method not in ("auto", "cd-nod") and "time" in systems()[method].card.takes:
        raise OptionError(f"{method} searches series in time: name the column that says when a row was taken (--time)")
    variables = [name for name in table.names if name != context]
    if len(variables) < 2:
        raise DataError(f"a causal graph needs two variables, the table has {len(variables)} beside the context")

    reasons = [_describe(table, variables)]
    if method not in ("auto", "pc", "cd-nod"):
        return Plan(method, None, None, (*reasons, f"Method {method.upper()}: as asked."))
    if context is None:
        if method == "auto":
            chosen, why = suited(table, knowledge, tests=tests)
            return Plan(chosen, None, None, (*reasons, *why))
        reasons.append("Method PC: no context column is given, so every row is taken from one unchanging system.")
        return Plan("pc", None, None, tuple(reasons))
    kind, told = _context_kind(table, context, context_kind)
    reasons.append(f"Method CD-NOD: {context!r} says where each row comes from, so mechanisms may change with it.")
    reasons.append(told)
    return Plan("cd-nod", context, kind, tuple(reasons))


def _over_time(table: Table, method: str, context: str | None, series: TimeSeries) -> Plan:
    """The method for rows in time."""
    series.check(table)
    able = [slug for slug in methods() if "time" in systems()[slug].card.takes]
    if method not in ("auto", *able):
        raise OptionError(f"{method} has no use for --time: drop it, or choose {join_names(able)}")
    if context is not None:
        raise OptionError(
            f"--time {series.time} asks for causes with lags, --context {context} for mechanisms that change: ask "
            "one at a time"
        )
    variables = [name for name in table.names if name not in series.columns]
    if len(variables) < 2:
        raise DataError(f"a causal graph needs two variables, the table has {len(variables)} beside the time")
    chosen = able[0] if method == "auto" else method
    lags = series.config()["lags"]
    why = f"{series.time!r} orders the rows, and a cause may lie up to {lags} step{'s' * (lags != 1)} back"
    reasons = (_describe(table, variables), f"Method {chosen.upper()}: {why}.")
    return Plan(chosen, None, None, reasons, series.roles)


def _describe(table: Table, variables: list[str]) -> str:
    continuous = sum(table.continuous(name) for name in variables)
    discrete = len(variables) - continuous
    kinds = " and ".join(
        f"{count} {kind}" for count, kind in ((continuous, "continuous"), (discrete, "discrete")) if count
    )
    return f"{table.n} rows, {kinds} variables."


def _context_kind(table: Table, context: str, wanted: ContextKind) -> tuple[Literal["time", "domain"], str]:
    values = table.column(context)
    distinct = len(np.unique(values[~np.isnan(values)]))
    if wanted == "time":
        return "time", f"{context!r} is treated as time, as asked: near values are near."
    if wanted == "domain":
        return "domain", f"{context!r} is treated as a label, as asked: its {distinct} values have no order."
    if table.discrete(context):
        return (
            "domain",
            f"{context!r} has {distinct} labels, so it is treated as a domain; --context-kind time says otherwise.",
        )
    if table.kind(context) is Kind.TIME:
        return (
            "time",
            f"{context!r} holds {distinct} dates, so it is treated as time; --context-kind domain says otherwise.",
        )
    if distinct <= DOMAIN_AT_MOST and distinct * 10 <= table.n and _whole(values):
        return "domain", (
            f"{context!r} repeats {distinct} whole numbers, so it is treated as a domain; "
            "--context-kind time says otherwise."
        )
    return (
        "time",
        f"{context!r} takes {distinct} numeric values, so it is treated as time; --context-kind domain says otherwise.",
    )


def _whole(values: np.ndarray) -> bool:
    present = values[~np.isnan(values)]
    return bool((present == np.floor(present)).all())
