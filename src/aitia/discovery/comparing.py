"""Every search that fits a table, side by side: where they agree, and where the answer hangs on the method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from aitia.data.spreadsheet import Reading
from aitia.data.table import Kind, Table
from aitia.data.tables import read_table
from aitia.discovery.choose import methods
from aitia.discovery.discover import discover
from aitia.discovery.result import Discovery
from aitia.engine import Progress
from aitia.errors import AitiaError, DataError, OptionError, UnknownVariableError, unknown_variable
from aitia.graph import Knowledge
from aitia.graph.drawing import to_svg
from aitia.report import Callout, Code, Multiples, Picture, Section, TableBlock, render
from aitia.runs import open_run, versions
from aitia.system import systems

__all__ = ["Compared", "Pair", "compare_searches"]

FILES = ("comparison.json", "report.html")


@dataclass(frozen=True)
class Pair:
    """Two variables that some search joins.

    Args:
        left, right: Their names, in the order of the table.
        edges: For each method the edge from left to right, such as `-->`, `<--` or `---`; empty where there is none.
    """

    left: str
    right: str
    edges: Mapping[str, str]

    @property
    def agreed(self) -> str:
        """`arrow` if all searches draw the same arrow, `edge` if all join the two, else empty."""
        symbols = set(self.edges.values())
        if symbols in ({"-->"}, {"<--"}):
            return "arrow"
        return "" if "" in symbols else "edge"


@dataclass(frozen=True)
class Compared:
    """What several searches found in one table.

    Args:
        found: By the method.
        refused: Of those that do not fit the table, why.
    """

    found: Mapping[str, Discovery]
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every two variables that one of the searches joins, first those on which all agree."""
        names = list(dict.fromkeys(name for found in self.found.values() for name in found.graph.nodes))
        place = {name: k for k, name in enumerate(names)}
        edges: dict[tuple[str, str], dict[str, str]] = {}
        for method, found in self.found.items():
            for edge in found.graph.edges:
                ordered = edge if place[edge.left] < place[edge.right] else edge.reversed()
                pair = edges.setdefault((ordered.left, ordered.right), dict.fromkeys(self.found, ""))
                pair[method] = ordered.symbol
        pairs = [Pair(*names, symbols) for names, symbols in edges.items()]
        rank = {"arrow": 0, "edge": 1, "": 2}
        return tuple(sorted(pairs, key=lambda pair: (rank[pair.agreed], place[pair.left], place[pair.right])))

    def to_text(self) -> str:
        """A table of pairs by methods, then what was refused."""
        heads = ["", *self.found, "all"]
        rows = [
            [f"{pair.left}  {pair.right}", *(symbol or "." for symbol in pair.edges.values()), pair.agreed]
            for pair in self.pairs
        ]
        widths = [max(len(row[k]) for row in (heads, *rows)) for k in range(len(heads))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows)
        ]
        if not rows:
            lines = [f"No edge in any of the {len(self.found)} searches."]
        lines += ["", *(f"{method}: {_how(found)}" for method, found in self.found.items())]
        lines += [f"{method}: not run. {reason}" for method, reason in self.refused.items()]
        return "\n".join(line.rstrip() for line in lines)

    def to_json(self) -> dict[str, Any]:
        """In JSON values."""
        return {
            "pairs": [
                {"left": p.left, "right": p.right, "edges": dict(p.edges), "agreed": p.agreed} for p in self.pairs
            ],
            "searches": {method: found.to_json() for method, found in self.found.items()},
            "refused": dict(self.refused),
        }


def _how(found: Discovery) -> str:
    """The sentences on its test or score, and its rule."""
    return " ".join(found.learner.choices_)


def compare_searches(
    data: Any,
    *,
    context: str | None = None,
    kinds: Mapping[str, Kind | str] | None = None,
    reading: Reading | None = None,
    drop: Sequence[str] = (),
    knowledge: Knowledge | str | Path | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    command: str | None = None,
    **options: Any,
) -> Compared:
    """Runs every search that fits a table; one that needs a context, or another kind of table, says so and is left out.

    A search without a use for the context leaves that column out. Each searches once, without resamples: what the
    searches share is no share of the rows that bear it out.

    Args:
        data: Whatever `discover` reads.
        context: The column that says when or where a row was taken.
        kinds, reading, drop, knowledge, progress, command: As for `discover`.
        out: Folder for the comparison, with a folder in it for each search.
        options: Others of `discover`, taken by those searches that have them.

    Returns:
        What each found, and which refused the table.

    Raises:
        DataError: If no search fits the table, with the reason of the first.
        OptionError: If an option is outside of its range.
        UnknownVariableError: If a column is not there.
        RunError: If `out` holds anything but this comparison.
    """
    if reading is not None and not isinstance(data, str | Path):
        raise OptionError("how to read a file is said of a file, and these rows are in memory")
    table = read_table(data, kinds=kinds, how=reading) if isinstance(data, str | Path) else Table.of(data, kinds=kinds)
    if context is not None and context not in table:
        raise unknown_variable(context, table.names, "table")
    asked = {"context": context, "drop": tuple(drop), "knowledge": knowledge, **options}
    if out is None:
        return _searched(table, asked, None, progress)
    config = {"context": context, "drop": list(drop), **options}
    config["knowledge"] = knowledge.to_json() if isinstance(knowledge, Knowledge) else str(knowledge or "")
    inputs = {"table": table.hash()}
    with open_run(Path(out), kind="compare", config=config, inputs=inputs, files=FILES, command=command) as run:
        compared = _searched(table, asked, Path(out), progress)
        run.write_json("comparison.json", compared.to_json())
        run.write_text("report.html", _report(compared, table, command or ""), part_of_result=False)
    return compared


def _searched(table: Table, asked: Mapping[str, Any], out: Path | None, progress: Progress | None) -> Compared:
    found: dict[str, Discovery] = {}
    refused: dict[str, str] = {}
    for method in methods():
        known = {option.name for option in fields(systems()[method].config())}
        mine = {k: v for k, v in asked.items() if k not in OF_SOME or k in known}
        if "context_kind" not in known and asked["context"] is not None:
            mine |= {"context": None, "drop": (*asked["drop"], asked["context"])}
            mine.pop("context_kind", None)
        try:
            found[method] = discover(
                table, method=method, bootstrap=0, out=None if out is None else out / method, progress=progress, **mine
            )
        except UnknownVariableError:
            raise
        except AitiaError as reason:
            refused[method] = str(reason)
    if not found:
        raise DataError(f"no search fits this table. {next(iter(refused.values()))}")
    return Compared(found, refused)


OF_SOME = frozenset({"alpha", "test", "max_depth", "score", "colliders"})
"""Options of `discover` that not every search has."""


def _report(compared: Compared, table: Table, command: str) -> str:
    """One page: the graphs as small multiples, and the pairs."""
    pictures = [Picture(to_svg(found.graph), f"{method}. {_how(found)}") for method, found in compared.found.items()]
    pairs: list[list[object]] = [
        [pair.left, pair.right, *(symbol or "." for symbol in pair.edges.values()), pair.agreed]
        for pair in compared.pairs
    ]
    caption = (
        "From left to right. The last column: arrow where all searches draw the same one, edge where all join the two."
    )
    sections = [
        Section("The graphs", [Multiples(pictures)]),
        Section("Where they agree", [TableBlock(["left", "right", *compared.found, "all"], pairs, caption)]),
    ]
    if compared.refused:
        told = [f"{method}: {reason}" for method, reason in compared.refused.items()]
        sections.append(Section("Not run", [Callout(told)]))
    if command:
        sections.append(Section("Again", [Code(command)]))
    lead = f"{table.n} rows, {len(compared.found)} searches: {', '.join(compared.found)}."
    footer = "Made with " + ", ".join(f"{name} {version}" for name, version in versions().items()) + "."
    return render("Searches compared", lead, sections, footer)
