"""The page of an effect: what it is, what it rests on, what the table lacks, other estimators, refutations."""

import math
from collections.abc import Mapping

from aitia.discovery.effects.before_after import BeforeAfter
from aitia.discovery.effects.result import EstimatedEffect
from aitia.report import Block, Callout, Code, GraphFigure, Section, TableBlock, Text, render

__all__ = ["page"]


def page(found: EstimatedEffect | BeforeAfter, command: str, versions: Mapping[str, str]) -> str:
    """The report of an effect as one HTML page.

    Args:
        found: The effect.
        command: The command line that repeats it.
        versions: Of what it was made with.
    """
    alarms: tuple[str, ...] = ()
    if isinstance(found, BeforeAfter):
        rests: list[Block] = [Text(line) for line in found.lines()[1:]]
        sections = [Section("What it rests on", [*rests, *_rows(found)])]
        title = f"{found.outcome} before and after {found.since}"
    else:
        sections, title, alarms = _sections(found), f"What {found.intervention} changes", found.alarms
    sections.append(Section("Again", [Code(command, "The command")]))
    footer = "Made with " + ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
    return render(title, f"{found}.", sections, footer, alarms)


def _sections(found: EstimatedEffect) -> list[Section]:
    sections = [Section("What it rests on", _rests(found))]
    keep = (*found.overlap, *found.warnings)
    if keep:
        sections.append(Section("Keep in mind", [Callout(keep, "warning")]))
    if found.members:
        rows = [[str(m.graph), _cell(m.estimate), _cell(m.low), _cell(m.high)] for m in found.members]
        heads = ["mechanisms above the outcome", "effect", "low", "high"]
        if any(m.count is not None for m in found.members):
            heads.append("members")
            rows = [[*row, m.count] for row, m in zip(rows, found.members, strict=True)]
        caption = f"The graph leaves edges open, and its members do not agree. {found.range_line}."
        sections.append(Section("All members of the class", [TableBlock(heads, rows, caption)]))
    if len(found.estimators) > 1:
        lines = [[e.name, e.estimate, *(e.interval or ("", "")), e.rests_on] for e in found.estimators]
        sections.append(
            Section("Other estimators", [TableBlock(["estimator", "effect", "low", "high", "rests on"], lines)])
        )
    if found.refutations:
        tried = [[r.name, {True: "stands", False: "fails", None: ""}[r.passed], r.told] for r in found.refutations]
        sections.append(Section("Refutations", [TableBlock(["attempt", "", "what came of it"], tried)]))
    return sections


def _rests(found: EstimatedEffect) -> list[Block]:
    blocks: list[Block] = [Text(found.because)]
    if found.over is not None and found.over.answered:
        over = found.over
        blocks.append(
            Text(
                f"Over {over.told} and all members of their classes it lies between {over.low:.4g} and {over.high:.4g}"
                f"; a directed path leads to the outcome in {over.path_told}."
            )
        )
    if found.graph.edges and not found.members:
        blocks.append(GraphFigure(found.graph.to_svg(), {}, "The mechanisms that were fitted."))
    return [*blocks, *_rows(found)]


def _rows(found: EstimatedEffect | BeforeAfter) -> list[Block]:
    return [Callout(found.flow, "note", "Rows")] if found.flow else []


def _cell(value: float) -> object:
    return "open" if math.isnan(value) else value
