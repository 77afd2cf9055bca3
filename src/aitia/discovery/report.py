"""The report of a discovery: what causes what, what changes and when, how sure, and how to do it again."""

from collections.abc import Mapping, Sequence

import numpy as np

from aitia.data.drawing import draw_flow
from aitia.data.flow import Flow
from aitia.data.table import Table
from aitia.discovery.result import Discovery
from aitia.discovery.sureness import columns
from aitia.graph import Edge
from aitia.report import Block, Callout, Code, GraphFigure, Line, Picture, Section, TableBlock, Text, line_chart, render

__all__ = ["report"]

MISSED = 0.3
"""Pairs that the graph leaves apart are told from this share of the resamples on."""
MANY_TESTS = 400
"""More tests than this stand in tests.parquet only."""


def report(found: Discovery, command: str, versions: Mapping[str, str]) -> str:
    """The report as one HTML page.

    Args:
        found: The discovery.
        command: The command line that repeats it.
        versions: Of what it was made with.
    """
    table = found.table
    lead = f"{table.n} rows, {len(found.graph)} variables" + (f", context {found.context}" if found.context else "")
    sections = [Section("The graph", _graph(found))]
    if found.summary:
        sections.append(Section("Over all lags", found.learner.summary_blocks()))  # type: ignore[attr-defined]
    if found.warnings:
        sections.append(Section("Keep in mind", [Callout(found.warnings, "warning")]))
    if found.context is not None:
        sections.append(Section(f"What changes with {found.context}", _changes(found)))
    sections.append(Section("Edges", _edges(found)))
    flow = table.flow or Flow("the table", table.n)
    sections.append(Section("The rows", [*draw_flow(flow, _tests_use(table))]))
    sections.append(Section("How it was found", _method(found)))
    sections.append(Section("Again", _again(found, command)))
    footer = "Made with " + ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
    return render("Causal graph", f"{lead}.", sections, footer)


def _tests_use(table: Table) -> dict[str, int]:
    """How many rows have each column that has gaps, the fewest first."""
    there = {name: table.n - table.missing(name) for name in table.names if table.missing(name)}
    return {f"used in tests of {name}": many for name, many in sorted(there.items(), key=lambda item: item[1])}


def _graph(found: Discovery) -> list[Block]:
    graph = found.augmented
    evidence = {(e.left, e.right): found.evidence(e) for e in graph.edges}
    titles = {(e.left, e.right): _reading(e) for e in graph.edges}
    caption = found.caption
    if found.context is not None:
        caption += f" The dashed box is the context: its arrows mark the mechanisms that change with {found.context}."
    if (frequencies := found.edge_frequencies) is not None:
        so = "the edge has the heads and tails that are drawn" if frequencies.hidden else "the arrow points this way"
        caption += (
            f" Beside an edge: in how many of {frequencies.graphs} resamples, each a random half of the rows, the two "
            f"are adjacent, then in how many {so}. The less sure an edge, the thinner and fainter; dashed where it is "
            "not sure."
        )
    blocks: list[Block] = [GraphFigure(found.to_svg(titles=titles), evidence, caption)]
    if found.doubts:
        told = [f"{_reading(edge)}: {doubt}" for edge, doubt in found.doubts.items()]
        blocks.append(Callout(told, "warning", "Edges that are not sure"))
    if not found.graph.edges:
        blocks.append(Callout(["No edges: no two variables depend on each other once the others are taken in."]))
    return blocks


def _reading(edge: Edge) -> str:
    if edge.symbol == "-->":
        return f"{edge.left} → {edge.right}"
    if edge.symbol != "---":
        return f"{edge.left} {edge.symbol} {edge.right}"
    return f"{edge.left} — {edge.right} (direction open)"


def _changes(found: Discovery) -> list[Block]:
    context = found.context or ""
    if not found.changing:
        return [Text(f"No mechanism was found to change with {context}.")]
    blocks: list[Block] = [
        TableBlock(
            ["mechanism", "given", "p-value"],
            [[c.variable, ", ".join(c.given) or "nothing", _p(c.p_value)] for c in found.changing],
            "Variables whose mechanism changes, with the weakest of the tests that say so.",
        )
    ]
    for name, force in found.forces.items():
        curves = force.curves
        x = [float(v) if isinstance(v, float | int | np.number) else v for v in force.context.tolist()]
        shown = [
            Line(f"{'first' if k == 0 else 'second'} curve ({share:.0%})", curve.tolist())
            for k, (curve, share) in enumerate(zip(curves.curves[:2], curves.shares[:2], strict=True))
        ]
        parents = f" given {', '.join(force.parents)}" if force.parents else ""
        caption = f"How the mechanism of {name}{parents} moves. Sign and scale are arbitrary; the shape is what counts."
        chart = line_chart(x, shown, x_label=context, y_label="driving force")
        blocks.append(Picture(chart, caption + _turn(found, found.fastest.get(name, ()))))
    return blocks


def _turn(found: Discovery, windows: Sequence[tuple[float, float]]) -> str:
    """Where the leading curve moves fastest, for a context that is a time."""
    told = [f"between {' and '.join(map(found.context_text, window))}" for window in windows]
    return f" It moves fastest {', then '.join(told)}." if told else ""


def _edges(found: Discovery) -> list[Block]:
    if not found.graph.edges:
        return [Text("There are none.")]
    frequencies = found.edge_frequencies
    if frequencies is None:
        plain: list[list[object]] = [[_reading(e), " ".join(found.evidence(e))] for e in found.graph.edges]
        return [TableBlock(["edge", "why it stands"], plain)]
    names = columns(frequencies)
    rows: list[list[object]] = []
    for e in found.graph.edges:
        shares = frequencies.shares(e.left, e.right)
        rows.append([_reading(e), " ".join(found.evidence(e)), *(shares.get(name, 0.0) for name in names)])
    heads = ["edge", "why it stands", *(names[name] for name in names)]
    caption = f"Shares of {frequencies.graphs} resamples, read from the first name to the second."
    blocks: list[Block] = [TableBlock(heads, rows, caption)]
    there = {frozenset((e.left, e.right)) for e in found.graph.edges}
    missed = [r for r in frequencies.rows(MISSED) if frozenset((r["left"], r["right"])) not in there]
    if missed:
        blocks.append(
            TableBlock(
                ["not in the graph", *names.values()],
                [[f"{r['left']}, {r['right']}", *(r.get(name, 0.0) for name in names)] for r in missed],
                "Pairs that the graph leaves apart although many resamples join them.",
            )
        )
    return blocks


def _method(found: Discovery) -> list[Block]:
    blocks: list[Block] = [Callout(found.reasons, "note", "What was chosen, and why")]
    if found.sortability:
        told = ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in found.sortability.items())
        blocks.append(
            Text(
                f"Scale of the columns: {told}. Near 1 (or 0), sorting the columns by variance or predictability would "
                "give the same (or the opposite) order; tests of independence do not use scale.",
                small=True,
            )
        )
    tests = found.learner.tests_
    if len(tests) <= MANY_TESTS:
        rows = [[t.x, t.y, ", ".join(t.given) or "nothing", _p(t.p_value)] for t in tests]
        blocks.append(TableBlock(["x", "y", "given", "p-value"], rows, f"All {len(tests)} tests that were kept."))
    else:
        blocks.append(Text(f"{len(tests)} tests are in tests.parquet beside this file.", small=True))
    return blocks


def _again(found: Discovery, command: str) -> list[Block]:
    return [Code(command, "The command"), Code(found.python(), "The same in Python")]


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-4 else f"{value:.0e}"
