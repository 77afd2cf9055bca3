"""What a reader would ask at once: why do arrows point into columns that hardly anything can cause."""

import re
from collections.abc import Iterable

from aitia.data.table import Kind, Table
from aitia.errors import join_names
from aitia.graph import Graph
from aitia.graph.marks import Mark, quote

__all__ = ["EXOGENOUS", "doubted", "knowledge_hint"]

EXOGENOUS = frozenset(
    (
        "age", "sex", "gender", "birth", "born", "birthday", "birthdate", "dob", "race", "ethnicity", "year", "years",
        "month", "day", "date", "weekday", "week", "quarter", "season", "hour", "timestamp", "datetime", "region",
        "country", "continent", "province", "county", "city", "site", "latitude", "longitude", "altitude", "lat", "lon",
    )
)  # fmt: skip
"""Words that name what other columns hardly cause: who somebody was born as, when and where a row was taken."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def doubted(table: Table, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the columns that other columns hardly cause, by name or kind.

    A name counts where it begins or ends with one of `EXOGENOUS` as a whole word (`age`, `Age at entry`, `birthYear`),
    unless it is a rate (`drinks per day`); a kind where it is a time.

    Example:
        >>> table = Table.of({"age": [40, 50], "page": [1, 2], "drinks_per_day": [0, 3]})
        >>> doubted(table, table.names)
        ('age',)
    """
    return tuple(name for name in names if _named(name) or (name in table and table.kind(name) is Kind.TIME))


def _named(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and not EXOGENOUS.isdisjoint((words[0], words[-1])) and "per" not in words


def knowledge_hint(graph: Graph, table: Table) -> str | None:
    """The sentence that says how to forbid arrows into such columns; None where there is none."""
    heads = {edge.right for edge in graph.edges if edge.right_mark is Mark.ARROW}
    heads |= {edge.left for edge in graph.edges if edge.left_mark is Mark.ARROW}
    into = doubted(table, (name for name in graph.nodes if name in heads))
    if not into:
        return None
    return (
        f"Arrows point into {join_names(into)}. No background knowledge was given: "
        f"`tier 1: {', '.join(map(quote, into))}` forbids arrows into them (as a line of --knowledge FILE)."
    )
