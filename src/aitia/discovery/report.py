"""The report of a discovery: what causes what, what changes and when, how sure, and how to do it again."""

from collections.abc import Mapping, Sequence

import numpy as np

from aitia.data.drawing import draw_flow
from aitia.data.flow import Flow
from aitia.data.table import Table
from aitia.discovery.result import Discovery
from aitia.graph import Edge
from aitia.report import Block, Callout, Code, GraphFigure, Line, Picture, Section, TableBlock, Text, line_chart, render

__all__ = ["report"]

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
    frequencies = found.edge_frequencies
    labels = None
    if frequencies is not None:
        labels = {(e.left, e.right): f"{frequencies.share(e.left, e.right):.0%}" for e in found.graph.edges}
    titles = {(e.left, e.right): _reading(e) for e in graph.edges}
    classes = {} if found.context is None else {found.context: "context"}
    changing = [c.variable for c in found.changing]
    caption = found.caption
    if found.context is not None:
        caption += f" The dashed box is the context: its arrows mark the mechanisms that change with {found.context}."

    if labels:
        caption += " Percentages say in how many bootstrap samples the two are adjacent."
    blocks: list[Block] = [
        GraphFigure(graph.to_svg(classes=classes, highlight=changing, labels=labels, titles=titles), evidence, caption)
    ]
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
        blocks.append(Picture(chart, caption + _turn(found.fastest.get(name, ()))))
    return blocks


def _turn(windows: Sequence[tuple[float, float]]) -> str:
    """Where the leading curve moves fastest, for a context that is a time."""
    told = [f"between {start:g} and {end:g}" for start, end in windows]
    return f" It moves fastest {', then '.join(told)}." if told else ""


def _edges(found: Discovery) -> list[Block]:
    rows = []
    frequencies = found.edge_frequencies
    for e in found.graph.edges:
        row: list[object] = [_reading(e), " ".join(found.evidence(e))]
        if frequencies is not None:
            row += [frequencies.share(e.left, e.right), frequencies.directed(e.left, e.right)]
            row += [frequencies.directed(e.right, e.left)]
        rows.append(row)
    if not rows:
        return [Text("There are none.")]
    heads = ["edge", "why it stands"]
    caption = ""
    if frequencies is not None:
        heads += ["adjacent", "this way", "other way"]
        caption = f"Shares of {frequencies.graphs} bootstrap samples."
    blocks: list[Block] = [TableBlock(heads, rows, caption)]
    if frequencies is not None:
        there = {frozenset((e.left, e.right)) for e in found.graph.edges}
        missed = [r for r in frequencies.rows(0.3) if frozenset((r["left"], r["right"])) not in there]
        if missed:
            blocks.append(
                TableBlock(
                    ["not in the graph", "adjacent"],
                    [[f"{r['left']}, {r['right']}", r["adjacent"]] for r in missed],
                    "Pairs that the graph leaves apart although many bootstrap samples join them.",
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
