"""A text as a first graph: its variables, its edges, and the sentence that supports each, as files to go on with."""

import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aitia.data.reading.texts import text_of_file
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, OptionError
from aitia.files import write_whole
from aitia.graph.graph import Graph
from aitia.graph.marks import quote
from aitia.guard import read_text
from aitia.report import Callout, Section, render
from aitia.runs import versions
from aitia.system.registry import find, systems

__all__ = ["ReadDocument", "read_document", "read_nodes", "readers"]

LONGEST = 2_000_000
"""Characters of a text."""


@dataclass(frozen=True, eq=False)
class ReadDocument:
    """What was read.

    Args:
        source: The file.
        characters: Of its text, all of which were read.
        graph: With cycles, where the text has them.
        edges: (cause, effect).
        quotes: For each edge the sentences of the text that say so.
        required: Those with as many sentences as were asked for.
        sections: Of the report.
        method: The system that read it.
    """

    source: str
    characters: int
    graph: Graph
    edges: tuple[tuple[str, str], ...]
    quotes: tuple[tuple[str, ...], ...]
    required: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    method: str

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        edges = [
            {"cause": a, "effect": b, "quotes": list(said)}
            for (a, b), said in zip(self.edges, self.quotes, strict=True)
        ]
        return {
            "source": self.source, "characters": self.characters, "method": self.method,
            "nodes": list(self.graph.nodes), "edges": edges, "graph": str(self.graph),
            "required": [list(edge) for edge in self.required],
        }  # fmt: skip

    def to_text(self) -> str:
        """What the command prints."""
        if not self.edges:
            return (
                f"No sentence of {self.source} ({self.characters:,} characters) says that one thing causes another "
                "in words that are known. Name the variables (--nodes), or let a language model read (--model)."
            )
        lines = [f"{self.characters:,} characters of {self.source}, read by {self.method}:", ""]
        for (a, b), said in zip(self.edges, self.quotes, strict=True):
            more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
            lines += [f"  {a} --> {b}", f'      "{_short(said[0])}"{more}']
        return "\n".join([*lines, "", "An edge says that the text says so, not that it is so."])

    def knowledge(self) -> str:
        """The edges as a file of knowledge: those that are required as statements, the others as comments."""
        lines = [f"# read from {Path(self.source).name}: what the text says, not what is so",
                 "# take the # from before an edge to require it of a search"]  # fmt: skip
        kept = set(self.required)
        for edge, said in zip(self.edges, self.quotes, strict=True):
            lines.append(f'# "{_short(said[0])}"')
            statement = f"required: {quote(edge[0])} -> {quote(edge[1])}"
            lines.append(statement if edge in kept else f"# {statement}")
        return "\n".join([*lines, ""])

    def save(self, folder: Path, command: str | None) -> None:
        """Writes graph.txt, edges.csv, knowledge.txt and report.html.

        Raises:
            RunError: If the folder cannot be written.
        """
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(["cause", "effect", "quote"])
        writer.writerows([a, b, q] for (a, b), said in zip(self.edges, self.quotes, strict=True) for q in said)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "graph.txt", f"{self.graph}\n")
        write_whole(folder / "edges.csv", table.getvalue())
        write_whole(folder / "knowledge.txt", self.knowledge())
        lead = f"{len(self.edges)} edges in {self.characters:,} characters of {Path(self.source).name}"
        note = Callout(["An edge says that the text says so, not that it is so. Read its sentence before you use it."])
        sections = [Section("What to keep in mind", [note]), *self.sections]
        made = "Made with " + ", ".join(f"{name} {version}" for name, version in versions().items()) + "."
        footer = f"Again: {command}. {made}" if command else made
        write_whole(folder / "report.html", render(f"What {Path(self.source).name} says", lead, sections, footer))


def readers() -> tuple[str, ...]:
    """The systems that read a graph off a text: that need one text and nothing else."""
    found = []
    for slug, entry in systems().items():
        needed = [role.kind for role in entry.card.takes.values() if role.needed]
        if needed == ["text"] and "graphs" in entry.card.verbs:
            found.append(slug)
    return tuple(found)


def read_document(
    path: str | Path,
    *,
    nodes: Sequence[Any] | None = None,
    method: str | None = None,
    require: int | None = None,
    subjects: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> ReadDocument:
    """Reads the causal graph that a text supports.

    Args:
        path: Of a text, Markdown, a page of HTML, or a PDF with a text layer.
        nodes: The variables, each a name or a list of wordings; None proposes them from the text.
        method: The system that reads; None takes the first that can.
        require: Sentences that an edge needs to be required in the knowledge; None requires none.
        subjects: Of the system, such as `model`.
        options: Of the system.

    Raises:
        FormatError: If there is no such file, it is no text, or it has none.
        DataError: If the text is empty or longer than two million characters, or the variables are wrong.
        OptionError: If a number is out of range or no system reads texts.
    """
    if require is not None and require < 1:
        raise OptionError(f"an edge is required from 1 sentence on, got {require}")
    place = Path(path)
    if not place.is_file():
        raise FormatError(f"there is no file {place}")
    text = text_of_file(place)
    if not text.strip() or "\0" in text:
        raise DataError(f"{place} {'holds no text' if not text.strip() else 'is no text: it holds bytes of zero'}")
    if len(text) > LONGEST:
        raise DataError(f"{place} has {len(text):,} characters, and at most {LONGEST:,} are read: cut it into parts")
    slug = method or next(iter(readers()), None)
    if slug is None or slug not in readers():
        raise OptionError(f"{slug or 'nothing'} reads no graphs off texts; there are: {', '.join(readers()) or 'none'}")
    system: Any = find(slug).load()(**(options or {}))
    columns: dict[str, list[Any]] = {"text": [text]}
    kinds = {"text": "text"}
    if nodes is not None:
        columns["nodes"], kinds["nodes"] = [list(nodes)], "list"
    rows = Table.of(columns, kinds=kinds)
    system.fit(rows, **(subjects or {}))
    filled = system.predict(rows).known
    edges = tuple((str(a), str(b)) for a, b in filled.lists("edges")[0] or [])
    quotes = tuple(tuple(said) for said in filled.lists("quotes")[0] or [])
    required = [] if require is None else [e for e, said in zip(edges, quotes, strict=True) if len(said) >= require]
    sections = tuple(b for b in system.report(system.given(rows)) if isinstance(b, Section))
    return ReadDocument(
        str(path), len(text), next(iter(system.graphs().values())), edges, quotes, _agreeing(required), sections, slug
    )


def read_nodes(path: Path) -> list[list[str]]:
    """Variables from a file: one a line, its name and then other wordings behind `=`, apart by `|`.

    Raises:
        FormatError: If the file is missing or no text.
    """
    found = []
    for line in read_text(path).splitlines():
        bare = line.split("#", 1)[0].strip()
        if bare:
            name, _, more = bare.partition("=")
            found.append([word.strip() for word in (name, *more.split("|")) if word.strip()])
    return found


def _agreeing(edges: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Those that can all be required at once: none of a pair that is said both ways, none of a cycle."""
    said = set(edges)
    kept = [(a, b) for a, b in edges if (b, a) not in said]
    graph = Graph(kept)
    while cycle := graph.find_cycle():
        around = set(itertools.pairwise(cycle))
        kept = [edge for edge in kept if edge not in around]
        graph = Graph(kept)
    return tuple(kept)


def _short(said: str, most: int = 160) -> str:
    line = " ".join(said.split())
    return line if len(line) <= most else f"{line[: most - 2]} …"
