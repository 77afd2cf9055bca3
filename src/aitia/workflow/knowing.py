"""What a language model says of the columns of a table: directions, a graph, roles, a critique."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aitia.data.tables import read_table
from aitia.engine import Progress
from aitia.errors import DataError, GraphError, OptionError
from aitia.files import write_whole
from aitia.graph import Graph
from aitia.report import Section, render
from aitia.runs import versions
from aitia.system import systems
from aitia.workflow.knowing_roles import by_the_graph

__all__ = ["ROLES", "Known", "ask_graph", "ask_roles", "critique_graph", "names_of"]

ASKS = "pywhy-llm"
"""The system that asks."""
ROLES = ("confounders", "mediators", "instruments", "controls")
"""What a variable can be to an effect."""


@dataclass(frozen=True, eq=False)
class Known:
    """What was said.

    Args:
        lines: For people.
        values: As JSON values.
        knowledge: A file of knowledge for a search; empty where directions were not asked.
        sections: Of a report.
        pairs: The pairs as CSV; empty where none were asked about.
    """

    lines: tuple[str, ...]
    values: Mapping[str, Any]
    knowledge: str = ""
    sections: tuple[Section, ...] = ()
    pairs: str = ""

    def save(self, folder: Path, command: str | None) -> None:
        """Writes said.json, knowledge.txt, pairs.csv and report.html.

        Raises:
            RunError: If the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "said.json", json.dumps(self.values, indent=2, ensure_ascii=False) + "\n")
        if self.knowledge:
            write_whole(folder / "knowledge.txt", self.knowledge)
        if self.pairs:
            write_whole(folder / "pairs.csv", self.pairs)
        if self.sections:
            made = "Made with " + ", ".join(f"{name} {version}" for name, version in versions().items()) + "."
            footer = f"Again: {command}. {made}" if command else made
            lead = "What a model says is no evidence: data may refute it."
            write_whole(folder / "report.html", render("What a language model says", lead, self.sections, footer))


def names_of(table: Path) -> list[str]:
    """The columns of a table; of its values none is read on.

    Raises:
        FormatError: If the file is missing or no table.
    """
    return list(read_table(table).names)


def ask_graph(
    names: Sequence[str],
    model: Any,
    *,
    about: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Known:
    """Asks about all pairs of names, and draws the graph of the answers.

    Args:
        names: Of variables.
        model: A client, or what `aitia.text.open_client` takes.
        about: What they are, by name.
        options: Of the system that asks.
        out: Folder in which answers are kept as they come; the same call goes on there.
        progress: Told how far it is.

    Raises:
        DataError: If there are fewer than two names, or one holds no knowledge.
        RunError: If the model cannot be asked.
    """
    asks: Any = systems()[ASKS].load()(**(options or {})).fit(None, model=model)
    drawn = asks.over(list(names), about, log=out, progress=progress)
    lines = [f"{a} --> {b}  ({drawn.confidence[a, b]:.2f})" for a, b in drawn.confidence]
    lines += [f"{a} --> {b}  dropped: the weakest edge of a cycle" for a, b in drawn.cycles]
    lines += [f"{a} --> {b}  left out: a longer path has its effect" for a, b in drawn.longer]
    lines += [f"{a}, {b}  undecided" for a, b in drawn.undecided]
    values = {
        "graph": str(drawn.graph),
        "edges": [{"cause": a, "effect": b, "confidence": c} for (a, b), c in drawn.confidence.items()],
        "pairs": asks.said, "cycles": drawn.cycles, "longer": drawn.longer, "undecided": drawn.undecided,
    }  # fmt: skip
    head = "# directions that a language model denies; data may refute the others\n"
    sections = (Section("What it says", asks.report(None)),)
    return Known(tuple(lines) or ("no direction was named",), values, head + asks.knowledge.to_text(), sections)


def ask_roles(
    role: str,
    treatment: str,
    outcome: str,
    names: Sequence[str],
    model: Any,
    *,
    graph: Graph | None = None,
    about: Mapping[str, str] | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Known:
    """Which of the names have a role for the effect of a treatment on an outcome; none may be the answer.

    Args:
        role: `confounders`, `mediators`, `instruments` or `controls`.
        treatment: Name.
        outcome: Name.
        names: Of variables.
        model: A client, or what `aitia.text.open_client` takes.
        graph: That is believed in; what it says of the answers is computed and told.
        about: What variables are, by name.
        out: Folder in which answers are kept as they come; the same call goes on there.
        progress: Told how far it is.

    Raises:
        GraphError: If the graph is not one of which effects are computed.
        OptionError: If there is no such role.
        DataError: If treatment or outcome is no name, or a name holds no knowledge.
        RunError: If the model cannot be asked.
    """
    if role not in ROLES:
        raise OptionError(f"a role is {', '.join(ROLES)}, got {role!r}")
    for name in (treatment, outcome):
        if name not in names:
            raise DataError(f"{name!r} is none of the variables: {', '.join(names)}")
    if graph is not None:
        if cycle := graph.find_cycle():
            raise GraphError(f"the graph has a cycle, {' -> '.join(cycle)}: no effect can be computed from it")
        by_the_graph(role, treatment, outcome, (), graph)  # refuses another kind of graph before anybody is asked
    candidates = [name for name in names if name not in (treatment, outcome)]
    asks: Any = systems()[ASKS].load()().fit(None, model=model)
    found = asks.suggest(role, treatment, outcome, candidates, about, log=out, progress=progress)
    yes = [name for name, said in found.items() if said]
    undecided = [name for name, said in found.items() if said is None]
    none = "none of which it says so in both orders" if undecided else "none"
    lines = [f"{role} of {treatment} and {outcome}: {', '.join(yes) or none}"]
    lines += [f"undecided: {', '.join(undecided)}"] if undecided else []
    told = by_the_graph(role, treatment, outcome, yes, graph) if graph is not None else []
    lines += told or [
        "What identifies the effect follows from a graph: --graph checks the answer, aitia do computes it."
    ]
    values = {"role": role, "named": yes, "undecided": undecided, "asked": candidates}
    return Known(tuple(lines), values | ({"by the graph": told} if told else {}))


def critique_graph(
    graph: Graph,
    model: Any,
    *,
    about: Mapping[str, str] | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> Known:
    """What the model says of each edge of a graph.

    Raises:
        DataError: If a name holds no knowledge.
        RunError: If the model cannot be asked.
    """
    asks: Any = systems()[ASKS].load()().fit(None, model=model)
    found = asks.critique(graph, about, log=out, progress=progress)
    lines, values = [], []
    if cycle := graph.find_cycle():
        lines.append(f"Note: {' -> '.join(cycle)} is a cycle: no effect can be computed from this graph.")
    for edge in graph.edges:
        verdict = found[edge.left, edge.right]
        lines.append(f"{edge}: {_judged(edge.symbol, edge.left, edge.right, verdict.answer)}")
        values.append({"cause": edge.left, "effect": edge.right, "edge": edge.symbol, "answer": verdict.answer})
    return Known(tuple(lines) or ("the graph has no edges",), {"edges": values, "cycle": cycle or []})


def _judged(symbol: str, a: str, b: str, answer: str) -> str:
    """What the model says of an edge, in words; of one without direction, which way round."""
    if answer == "neither":
        return "says that neither causes the other"
    if answer not in ("->", "<-"):
        return "is undecided"
    if symbol == "-->":
        return "agrees" if answer == "->" else "has it the other way round"
    return f"says {a} -> {b}" if answer == "->" else f"says {b} -> {a}"
