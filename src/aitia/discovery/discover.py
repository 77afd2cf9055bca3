"""The main job: a causal graph from a table, in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aitia.cluster import ProcessEngine
from aitia.data.flow import Flow
from aitia.data.frames import row_index
from aitia.data.reading.sums import is_parquet_folder, whole_rows
from aitia.data.spreadsheet import Reading
from aitia.data.summed import SummedTable
from aitia.data.table import Kind, Table
from aitia.data.tables import read_table
from aitia.discovery.asks import asks_of, consulting, kept_answers, told
from aitia.discovery.choose import ContextKind, Plan, choose
from aitia.discovery.contexts import dated
from aitia.discovery.gaps import gap_warnings
from aitia.discovery.hints import knowledge_hint
from aitia.discovery.repeats import repeated_rows
from aitia.discovery.result import Discovery
from aitia.discovery.row_names import row_names
from aitia.discovery.series import TimeSeries, is_panel, read_panel, source_of
from aitia.discovery.sums import by_sums, refuse_rows, rows_by_sums, sum_warnings
from aitia.engine import Engine, Progress, Store
from aitia.errors import DataError, OptionError
from aitia.graph import Graph, Knowledge
from aitia.runs import RunStore
from aitia.system import systems

if TYPE_CHECKING:
    from aitia.stats.search import ConstraintSearch

__all__ = ["discover"]

MISSING = ("testwise", "complete", "impute", "error")
"""What becomes of rows with gaps."""
UNASKED = ("auto", 0.05, None, "auto", "auto")
"""Test, level, depth, score and rule for colliders where nobody asks for them."""
SAMPLES = 100
"""Halves of the rows that are searched where nobody says how many."""
SOON = 10.0
"""Seconds of predicted work up to which they are."""
RECORD_ALL = 60
"""Up to this many columns every test goes into the folder; with more that would be the larger part of the work."""


def discover(
    data: Any,
    *,
    context: str | None = None,
    context_kind: ContextKind = "auto",
    time: str | None = None,
    series: str | None = None,
    lags: int | None = None,
    method: str = "auto",
    test: str = "auto",
    alpha: float = 0.05,
    max_depth: int | None = None,
    score: str = "auto",
    colliders: str = "auto",
    knowledge: Knowledge | str | Path | None = None,
    bootstrap: int | None = None,
    missing: str = "testwise",
    kinds: Mapping[str, Kind | str] | None = None,
    reading: Reading | None = None,
    drop: Sequence[str] = (),
    accept_cost: bool = False,
    sums: bool | None = None,
    ask_model: Any = None,
    jobs: int = 1,
    engine: Engine | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    progress: Progress | None = None,
    command: str | None = None,
) -> Discovery:
    """Learns a causal graph from a table, with the evidence for each edge, warnings and choices in words.

    Args:
        data: A path to a file, paths to files of one time series each, or a pandas, polars, Arrow or numpy table.
        context, context_kind: The column that says when or where a row was taken; `time`, `domain` (labels) or `auto`.
        time, series, lags: The columns that say when and of which series a row is; how many steps back causes may lie.
        method: A search of `choose.methods`, or `auto`: see `choose`.
        test: `fisher-z`, `ranks`, `degenerate-gaussian`, `chi2`, `g2`, `kci`, `rcit`, or `auto`, which says why.
        alpha, max_depth: Significance level of the tests; largest conditioning set, None lets the method decide.
        score, colliders: Of searches by scores; how searches by tests tell a collider; see the `Config` of each.
        knowledge: What is known beforehand (tiers, required and forbidden edges), or the file that says it.
        bootstrap: Random halves of the rows that say how sure each direction is; None for 100 where that is quick.
        missing: `testwise` uses rows that a test can use, `complete` whole rows, `impute` pools tests of filled tables.
        kinds, drop, reading: Of columns, where values suggest another kind; columns to leave out; how to read a file.
        ask_model: Who is asked of what data leave open (`https://host/v1#NAME`, a folder, a function), or `Asks` of it.
        jobs, engine: Cores, or where halves of the rows are searched in place of them; they change no result.
        seed, accept_cost, sums: Of all chance; start a search of hours; take a folder of Parquet files by sums.
        out: Folder for the result and `report.html`. A run that was killed resumes there and ends in the same bytes.
        progress, command: Who is told how far the work is; the command line to record.

    Raises:
        DataError: If the table cannot be analysed as it stands: constant, duplicate, collinear or missing columns, ...
        OptionError: If an option is outside its range or two contradict.
        CostError: If the search is predicted to be very long and `accept_cost` is False.
        RunError: If `out` holds a run of other data or options.

    Example:
        >>> import numpy as np
        >>> x, y, noise = np.random.default_rng(0).normal(size=(3, 500))
        >>> print(discover({"x": x, "y": y, "z": x + y + noise}).graph)
        x --> z; y --> z
    """
    over = TimeSeries.of(data, time, series, lags)
    if summed := by_sums(data, sums):
        needs = {"a context": context, "a time": over.columns, "ask_model": ask_model, "lags": lags}
        refuse_rows(needs, method=method, bootstrap=bootstrap, missing=missing, reading=reading)
        table, test, gaps = rows_by_sums(data, kinds, drop, engine or ProcessEngine(jobs), progress, test, method)
    else:
        table, gaps = _read(data, kinds, reading, drop, (context, *over.columns), context_kind, missing)
    known = Knowledge.read(knowledge) if isinstance(knowledge, str | Path) else knowledge
    tests = summed or missing == "impute" or (test, alpha, max_depth, score, colliders) != UNASKED
    plan, asks = choose(table, method, context, context_kind, over, knowledge=known, tests=tests), asks_of(ask_model)
    config = over.config() | told(asks) | {
        "source": source_of(data), "method": plan.method, "context": context, "context_kind": plan.context_kind,
        "test": test, "alpha": alpha, "max_depth": max_depth, "bootstrap": 0 if summed else bootstrap,
        "missing": missing, "seed": seed, "knowledge": None if known is None else known.to_json(),
    } | {n: v for n, v in (("score", score), ("colliders", colliders)) if v != "auto"}  # fmt: skip
    learner = _learner(plan, config, known, engine, jobs=jobs, accept_cost=accept_cost, whole=_small(table, out))
    given = _given(data, knowledge, kinds, reading, drop) | {"accept_cost": accept_cost}
    return _kept(partial(_fit, learner, plan, table, config, given, progress, gaps=gaps), out, asks, command)


def _kept(fitted: "partial[Discovery]", out: str | Path | None, asks: Any, command: str | None) -> Discovery:
    """The discovery, in its folder where there is one, and there it goes on if it was stopped."""
    from aitia.discovery.save import open_discovery, save_discovery

    _, _, table, config, _, progress = fitted.args
    if out is None:
        return consulting(fitted(None), asks, None, progress)
    with open_discovery(Path(out), table, config, command) as run, kept_answers(run, asks) as answers:
        found = consulting(fitted(run.store("search")), asks, answers, progress)
        save_discovery(found, run, command or found.python())
    return found


def _read(
    data: Any,
    kinds: Mapping[str, Kind | str] | None,
    reading: Reading | None,
    drop: Sequence[str],
    roles: Sequence[str | None],
    context_kind: ContextKind,
    missing: str,
) -> tuple[Table, tuple[str, ...]]:
    """The rows to search, and what their gaps depend on."""
    if missing not in MISSING:
        raise OptionError(f"missing is {' or '.join(MISSING)}, got {missing!r}")
    if (panel := read_panel(data, kinds, reading)) is not data:
        table = panel
    elif is_parquet_folder(data) and reading in (None, Reading()):
        table = Table.of(whole_rows(Path(data)), kinds=kinds)
    elif isinstance(data, str | Path):
        table = read_table(data, kinds=kinds, how=reading)
    elif reading is not None and reading != Reading():
        raise OptionError("how to read a file is said of a file, and these rows are in memory")
    else:
        table = Table.of(data, kinds=kinds)
    table = table.drop(drop)
    asked = {*roles, *(kinds or {})}
    if (index := row_index(table)) is not None and index not in asked:
        table = _without(table, index, f"counts the rows, left out (--continuous {index} keeps it)")
    for name in row_names(table):
        if name not in asked and len(table.names) > 1:
            table = _without(table, name, "another text in every row, so it names them, left out")
    if (context := roles[0]) is not None and context_kind != "domain":
        table = dated(table, context)
    mend = ", and its edges may be those of the rows that have it"
    gaps = () if missing == "impute" else tuple(gap_warnings(table, mend))
    if (copies := repeated_rows(table)) is not None:
        gaps = (*gaps, copies)
    return _complete(table) if missing == "complete" else table, gaps


def _without(table: Table, name: str, why: str) -> Table:
    """The table without a column, with a line that says so."""
    return table.drop([name]).with_flow((table.flow or Flow("the table", table.n)).noting(f"{name}: {why}"))


def _complete(table: Table) -> Table:
    """The rows without gaps.

    Raises:
        DataError: If there is none.
    """
    gaps = {name: table.missing(name) for name in table.names if table.missing(name)}
    whole = table.complete()
    if not len(whole):
        worst = max(gaps, key=lambda name: gaps[name])
        raise DataError(
            f"no row is complete; {worst!r} lacks {gaps[worst]} of {table.n}: drop such columns (--drop {worst}), or "
            "take for each test the rows that it can use (--missing testwise)"
        )
    return whole


def _given(
    data: Any,
    knowledge: object,
    kinds: Mapping[str, Kind | str] | None,
    reading: Reading | None,
    drop: Sequence[str],
) -> dict[str, Any]:
    """What the search was called with, for the line of Python that repeats it."""
    return {
        "data": str(data) if isinstance(data, str | Path) else [str(path) for path in data] if is_panel(data) else None,
        "knowledge": str(knowledge) if isinstance(knowledge, str | Path) else None,
        "kinds": {name: str(kind) for name, kind in (kinds or {}).items()},
        "reading": "" if reading is None else ", ".join(f"{k}={v!r}" for k, v in reading.said().items()),
        "drop": list(drop),
    }


def _small(table: Table, out: str | Path | None) -> bool:
    """Whether every test is kept."""
    return out is not None and len(table.names) <= RECORD_ALL


def _learner(
    plan: Plan,
    config: Mapping[str, Any],
    knowledge: Knowledge | None,
    engine: Engine | None,
    *,
    jobs: int,
    accept_cost: bool,
    whole: bool,
) -> "ConstraintSearch":
    entry = systems()[plan.method]
    known = {field.name for field in fields(entry.config())}
    asked: dict[str, Any] = {name: config[name] for name in ("alpha", "test", "max_depth", "missing", "seed")}
    asked |= {"score": config.get("score", "auto"), "colliders": config.get("colliders", "auto")}
    plain = {"alpha": 0.05, "test": "auto", "max_depth": None, "score": "auto", "colliders": "auto"}
    if odd := [name for name in plain if name not in known and asked[name] != plain[name]]:
        raise OptionError(f"{plan.method} has no option {odd[0]}: drop it, or choose another method")
    if asked["missing"] == "complete":  # which the table is by now
        asked["missing"] = "error"
    elif asked["missing"] == "testwise" and "test" not in known:  # a score needs the same rows for every column
        asked["missing"] = "complete"
    asked |= {"knowledge": knowledge, "jobs": jobs, "bootstrap": config["bootstrap"] or None}
    asked |= {"accept_cost": accept_cost, "record": "all" if whole else "decisive"}
    if plan.context is not None:
        asked["context_kind"] = plan.context_kind or "auto"
    asked |= {name: config[name] for name in ("lags",) if name in config}
    learner: ConstraintSearch = entry.load()(**{name: value for name, value in asked.items() if name in known})  # type: ignore[assignment]
    learner.engine = engine
    return learner


def _fit(
    learner: "ConstraintSearch",
    plan: Plan,
    table: Table,
    config: Mapping[str, Any],
    given: Mapping[str, Any],
    progress: Progress | None,
    store: Store | None,
    gaps: Sequence[str],
) -> Discovery:
    roles: dict[str, Any] = dict(plan.roles)
    if plan.context is not None:
        roles["context"] = plan.context
    roles["variables"] = [name for name in table.names if name not in roles.values()]
    run = RunStore(progress=progress, journal=None if store is None else lambda name: store)
    fitted: Any = learner
    fitted.fit(table, run=run, **roles)
    resampled = _resample(learner, config["bootstrap"], store, progress)
    graph = learner.graph_
    hint = knowledge_hint(graph, table) if config["knowledge"] is None and not plan.roles else None
    flow = () if table.flow is None else tuple(table.flow.lines())
    if isinstance(table, SummedTable):
        resampled = "No resamples: they are of rows, and only sums are in memory."
    return Discovery(
        graph=graph,
        augmented=getattr(learner, "augmented_graph_", graph),
        table=table,
        learner=learner,
        method=plan.method,
        test=learner.test_name_,
        context=plan.context,
        reasons=(*flow, *plan.reasons, *learner.choices_, resampled),
        warnings=(*gaps, *sum_warnings(table), *learner.warnings_, *([hint] if hint else [])),
        config=config,
        given=given,
        sortability={} if isinstance(table, SummedTable) else _sortability(graph, table),
    )


def _resample(learner: "ConstraintSearch", asked: int | None, store: Store | None, progress: Progress | None) -> str:
    """Searches in halves of the rows where nobody said how many and it takes seconds; what was done, in a sentence."""
    if asked is None:
        from aitia.stats.search.cost import in_words

        try:
            seconds = SAMPLES * learner.sample_seconds()
            if seconds > SOON:
                return (
                    f"No resamples: {SAMPLES} halves of the rows are predicted to take {in_words(seconds)} "
                    f"(--bootstrap {SAMPLES}, bootstrap={SAMPLES})."
                )
            learner.resample(SAMPLES, store=store, progress=progress)
        except DataError as error:
            return f"No resamples: {error}."
    if learner.edge_frequencies_ is None:
        return "No resamples, as asked: nothing says how sure an edge is."
    return f"{learner.edge_frequencies_.graphs} resamples, each a random half of the rows, say how sure each edge is."


def _sortability(graph: Graph, table: Table) -> dict[str, float]:
    """Both sortabilities over the continuous part of the graph, where it has a direction at all."""
    from aitia.scm import sortabilities

    columns = [
        name for name in graph.nodes if name in table and table.continuous(name) and table.column(name).ndim == 1
    ]
    part = graph if len(columns) == len(graph) else graph.subgraph(columns)
    directed = part if part.is_directed else Graph([e for e in part.edges if e.symbol == "-->"], part.nodes)
    if not directed.edges or not directed.is_acyclic:
        return {}
    return dict(zip(("varsortability", "r2_sortability"), sortabilities(table, directed), strict=True))
