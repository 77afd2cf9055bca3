"""Instruments of the graph: which there are, whether one that was named is one, and the effect that they alone tell."""

from collections.abc import Sequence
from dataclasses import replace

from aitia.data.table import Table
from aitia.discovery.effects.estimators import Columns, by_instruments, chosen, usable, weakness
from aitia.discovery.effects.result import EstimatedEffect
from aitia.discovery.effects.rows import Rows, rows_of
from aitia.do import Intervention
from aitia.do.observed import outside
from aitia.errors import IdentifiabilityError, OptionError, join_names
from aitia.graph import Graph
from aitia.graph._question import ReadAs
from aitia.graph.instruments import why_not_instrument

__all__ = ["effect_by_instruments", "instrument_columns"]


def instrument_columns(
    graph: Graph,
    targets: Sequence[str],
    outcome: str,
    latent: Sequence[str],
    asked: str | None,
    read_as: ReadAs = "auto",
) -> list[str]:
    """The instruments for the one target, and what they are given; empty where there are none, as in a PAG.

    Raises:
        OptionError: If the instrument that was named is none by the graph; says why.
    """
    if read_as == "pag":
        if asked is not None:
            raise OptionError(f"an instrument is told by a DAG or ADMG, and this is a PAG: leave out {asked!r}")
        return []
    if asked is not None:
        _check(graph, targets, outcome, latent, asked)
    if not graph.is_admg or len(targets) != 1 or outcome not in graph.descendants(targets):
        return []
    found = chosen(graph, targets[0], outcome, latent, asked)
    return list(dict.fromkeys(name for one in found for name in (one.name, *one.given)))


def _check(graph: Graph, targets: Sequence[str], outcome: str, latent: Sequence[str], asked: str) -> None:
    if len(targets) != 1 or not graph.is_admg:
        raise OptionError(
            f"an instrument serves one target in a DAG or ADMG: {asked!r} cannot serve {join_names(targets)} here"
        )
    every = [one.name for one in usable(graph, targets[0], outcome, latent, conditional=True)]
    if asked not in every:
        why = why_not_instrument(graph, asked, targets[0], outcome, latent=latent)
        why = why or f"{targets[0]} causes it, and it does not move {targets[0]}"
        others = f"; by the graph {join_names(every)} would do" if every else ""
        raise OptionError(f"{asked!r} is no instrument for {targets[0]} and {outcome} by the graph: {why}{others}")


def effect_by_instruments(
    graph: Graph,
    table: Table,
    sides: tuple[Intervention, Intervention],
    outcome: str,
    label: object | None,
    names: Sequence[str],
    refused: object,
    *,
    latent: Sequence[str],
    asked: str | None,
    scale: str,
    weights: str | None,
    cluster: str | None,
    missing: str,
    confidence: float,
    trim: bool,
    refute: bool,
) -> EstimatedEffect:
    """The effect where hidden causes leave no adjustment set and an instrument tells it.

    Raises:
        OptionError: If the scale is not `difference`, gaps are to be filled, or rows to be left out or dealt out anew.
        IdentifiabilityError: If the sides are no two labels and no number that is moved; with why else (`refused`).
        DataError: As `rows_of` and `outside`, and if the treatment has more than two labels.
    """
    if scale != "difference":
        raise OptionError(f"instruments tell a difference, and the scale is {scale!r}: leave out --scale")
    target = str(next(iter(dict.fromkeys((*sides[0].targets, *sides[1].targets)))))
    told = join_names(map(str, chosen(graph, target, outcome, latent, asked)))
    for given, option in ((trim, "--trim"), (refute, "--refute")):
        if given:
            raise OptionError(
                f"{option} is of fitted mechanisms, and here hidden causes leave none: an instrument alone tells the "
                f"effect ({told}). Leave out {option}"
            )
    if missing != "complete":
        raise OptionError(f"instruments take whole rows (--missing complete), got {missing!r}")
    rows: Rows = rows_of(table, [target, outcome, *names], missing, weights, cluster)
    columns = Columns.of(rows.table, sides[0], sides[1], outcome, label, rows.weights, rows.clusters)
    far, near = outside(rows.table, *sides)
    found = None if columns is None else by_instruments(columns, graph, outcome, latent, asked, confidence)
    if found is None:
        raise IdentifiabilityError(
            f"{refused}; {told} would tell it as an instrument, of one of two labels against the other or "
            f"of so much more of a number: say --against what {target} is compared with"
        )
    nothing = float("nan")
    found = replace(found, low=nothing, high=nothing) if far else found
    return EstimatedEffect(
        intervention=sides[0],
        against=sides[1],
        outcome=outcome,
        label=label,
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        confidence=confidence,
        mean=nothing,
        mean_against=nothing,
        n=rows.table.n,
        method="2SLS",
        identification=f"hidden causes leave no adjustment set, and instruments tell the effect ({found.name})",
        graph=graph,
        resamples=0,
        rows=rows.table.n,
        flow=tuple(rows.flow.lines()),
        warnings=(*rows.warnings, *far, *near, *([] if far else weakness(found))),
        estimators=(found,),
        weighted=weights,
        clustered=cluster,
    )
