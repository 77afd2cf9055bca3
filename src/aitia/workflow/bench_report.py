"""The report of a bench: the table, what the numbers say, and how to measure them again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aitia.evidence.intervals import method_of_mean
from aitia.report import Block, Callout, Code, Section, TableBlock, render

if TYPE_CHECKING:
    from aitia.workflow.board import Bench

__all__ = ["bench_report"]


def bench_report(found: "Bench", command: str | None, versions: Mapping[str, str]) -> str:
    """The report as one HTML page that loads nothing.

    Args:
        found: What was measured.
        command: The command line that repeats it; None where it was run from Python.
        versions: Of what it was made with.
    """
    heads = [f"{m.name} ({m.better})" for m in found.measures] + ["why not"] * bool(found.failed)
    rows: list[list[object]] = []
    for who, cells, why in found.lines:
        shown: list[object] = [cells.get(m.name, "") for m in found.measures]
        rows.append([who, *shown, *[why] * bool(found.failed)])
    how = method_of_mean(found.seeds)
    mean = "Of one seed" if found.seeds == 1 else f"Mean over {found.seeds} seeds with its 95 % interval ({how})"
    caption = " ".join([f"{mean}; {found.rows} rows for each fit.", *found.notes])
    sections = [Section("Scores", [TableBlock(["", *heads], rows, caption)])]
    about = [f"{m.name} ({m.better} is better): {m.about}" for m in found.measures]
    sections.append(Section("What the numbers say", [Callout(about, "note")]))
    if any(found.options.values()):
        set_ = [[who, name, str(v)] for who, options in found.options.items() for name, v in options.items()]
        sections.append(Section("What was set", [TableBlock(["system", "option", "value"], set_)]))
    again: list[Block] = [Code(command, "The command")] if command is not None else []
    sections.append(Section("Again", [*again, Code(_python(found), "The same in Python")]))
    footer = "Made with " + ", ".join(f"{name} {version}" for name, version in versions.items()) + "."
    lead = f"{len(found.systems)} systems on the world {found.world}, scored against its truth."
    return render(f"Bench: {found.world}", lead, sections, footer, found.alarms)


def _python(found: "Bench") -> str:
    options = {f"{who}.{name}": value for who, by in found.options.items() for name, value in by.items()}
    told = f", options={options!r}" if options else ""
    return (
        "from aitia import bench\n\n"
        f"found = bench({found.world!r}, {list(found.systems)!r}, seeds={found.seeds}, rows={found.rows}{told})"
    )
