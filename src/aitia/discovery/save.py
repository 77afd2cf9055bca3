"""A discovery as a folder: graph in three formats, every test, forces, frequencies, the table and the report.

graph.json, graph.dot, graph.dagitty    the graph (dagitty without open triples only); augmented.json with the context
tests.parquet                           x, y, given, statistic, p_value of each test
changes.json                            changing mechanisms, driving forces, couplings or evidence of phase 3
bootstrap.json                          edge frequencies
table.parquet                           the rows, so that effects can be estimated later
report.html                             all of it to read
"""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.discovery.report import report
from aitia.discovery.result import Discovery
from aitia.errors import DataError, FormatError, MissingExtraError, RunError
from aitia.graph import Edge, Graph
from aitia.graph._question import ReadAs
from aitia.graph.formats import read_graph, to_dagitty, to_dot, to_json
from aitia.guard import read_json
from aitia.runs import Record, Run, open_run, versions

__all__ = ["SavedDiscovery", "load_discovery", "need_pyarrow", "open_discovery", "save_discovery"]


def need_pyarrow() -> None:
    """Before any work whose result is to be saved.

    Raises:
        MissingExtraError: If it, or pandas, is not installed.
    """
    for name in ("pyarrow", "pandas"):
        if find_spec(name) is None:
            raise MissingExtraError(f"saving a discovery needs {name}: pip install 'aitia[data]'")


KIND = "discover"
FILES = (
    "graph.json", "graph.dot", "graph.dagitty", "augmented.json", "tests.parquet", "changes.json", "bootstrap.json",
    "kinds.json", "table.parquet", "summary.json", "report.html",
)  # fmt: skip
"""What a discovery writes; three of them only where there is a context, a bootstrap, or no open triple."""


@contextmanager
def open_discovery(out: Path, table: Table, config: Mapping[str, Any], command: str | None) -> Iterator[Run]:
    """The run folder of a discovery.

    Raises:
        RunError: If the folder holds a run of other data or options, or files that are not of a run.
        MissingExtraError: If pyarrow, which tests.parquet needs, is not installed.
    """
    need_pyarrow()
    inputs = {"table": table.hash()}
    with open_run(out, kind=KIND, config=config, inputs=inputs, files=FILES, command=command) as run:
        yield run


def save_discovery(found: Discovery, run: Run, command: str) -> None:
    """Writes everything that was found into the run folder.

    Args:
        found: The discovery.
        run: The open folder.
        command: The command line that repeats it.
    """
    run.write_text("graph.json", to_json(found.graph))
    run.write_text("graph.dot", to_dot(found.graph))
    if not found.graph.open_triples:  # which dagitty cannot say
        run.write_text("graph.dagitty", to_dagitty(found.graph))
    if found.context is not None:
        run.write_text("augmented.json", to_json(found.augmented))
    records = list(found.learner.tests_)  # a wide search makes each record when it is read
    tests = {
        "x": [t.x for t in records],
        "y": [t.y for t in records],
        "given": [json.dumps(list(t.given), ensure_ascii=False) for t in records],
        "statistic": [float(t.statistic) for t in records],
        "p_value": [float(t.p_value) for t in records],
    }
    run.write_bytes("tests.parquet", _parquet(tests))
    run.write_json("changes.json", _changes(found))
    if found.edge_frequencies is not None:
        rows = found.edge_frequencies.rows()
        run.write_json("bootstrap.json", {"samples": found.edge_frequencies.graphs, "pairs": rows})
    kinds = {name: str(found.table.kind(name)) for name in found.table.names}
    run.write_json("kinds.json", kinds)
    run.write_bytes("table.parquet", _parquet(found.table.to_pandas()))
    run.write_json("summary.json", found.to_json())
    # The report names the command, and with it the folder and the number of cores: no part of the result itself.
    run.write_text("report.html", report(found, command, versions()), part_of_result=False)


def _parquet(columns: Any) -> bytes:
    import pandas

    out = io.BytesIO()
    pandas.DataFrame(columns).to_parquet(out, index=False)
    return out.getvalue()


def _changes(found: Discovery) -> dict[str, Any]:
    forces = {
        name: {
            "parents": list(force.parents),
            "context": [v if isinstance(v, str | int | float | bool) else str(v) for v in force.context.tolist()],
            "curves": force.curves.curves.tolist(),
            "shares": force.curves.shares.tolist(),
            "gaussian_curves": force.gaussian.curves.tolist(),
            "gaussian_shares": force.gaussian.shares.tolist(),
        }
        for name, force in found.forces.items()
    }
    return {
        "changing": [{"variable": c.variable, "p_value": c.p_value, "given": list(c.given)} for c in found.changing],
        "forces": forces,
        "couplings": [
            {"cause": a, "effect": b, "coupling": this, "coupling_reversed": other}
            for (a, b), (this, other) in getattr(found.learner, "couplings_", {}).items()
        ],
        "evidence": [
            {"cause": a, "effect": b, "log_bayes_factor": factor}
            for (a, b), factor in getattr(found.learner, "evidence_", {}).items()
        ],
    }


@dataclass(frozen=True)
class SavedDiscovery:
    """What is needed of a saved discovery to ask it what if.

    Args:
        graph: Over the variables.
        table: The rows.
        context: The context column, or None.
        path: The folder.
        config: Options of the search, with the test that was chosen.
        read_as: What the edges mean, as `estimate_effect` takes it.
        doubts: Why an edge is not sure, as `Discovery.doubts`.
    """

    graph: Graph
    table: Table
    context: str | None
    path: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    read_as: ReadAs = "auto"
    doubts: Mapping[Edge, str] = field(default_factory=dict)


def load_discovery(path: str | Path) -> SavedDiscovery:
    """Reads a folder that `aitia discover --out` wrote.

    Raises:
        RunError: If the folder is no finished discovery, or a file that is read is not as it was written.
    """
    record = Record.read(path).finished(KIND)
    record.check("graph.json", "kinds.json", "table.parquet", "summary.json")
    path = record.path
    try:
        context = record.config.get("context")
        kinds = read_json(path / "kinds.json", dict)
        table = read_table(path / "table.parquet", kinds=kinds)
        graph = read_graph(path / "graph.json")
        if context is not None and not isinstance(context, str):
            raise FormatError(f"the context in {path / 'run.json'} is {str(context)[:40]}, wanted a name")
        summary = read_json(path / "summary.json", dict)
        if table.flow is not None and (limits := summary.get("limits")):
            table = table.with_flow(replace(table.flow, limits={name: tuple(told) for name, told in limits.items()}))
        config = {**record.config, "test": summary.get("test", "auto")}
        read_as: Any = summary.get("read_as", "auto")
        told = {frozenset((e["left"], e["right"])): e.get("doubt") for e in summary.get("edges", ())}
        doubts = {e: told[pair] for e in graph.edges if told.get(pair := frozenset((e.left, e.right)))}
        return SavedDiscovery(graph, table, context, path, config, read_as, doubts)
    except (FormatError, DataError) as error:
        raise RunError(f"the run in {path} is damaged ({error}): run the discovery again") from error
