"""`aitia ask pairs|graph|confounders|...`: what a language model says of the columns of a table.

No value of it is sent, but by `aitia ask memory`, which is there to ask about values.
"""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.discover import read_about
from aitia.cli.progress import progress_bar

if TYPE_CHECKING:
    from aitia.graph import Graph
    from aitia.workflow.knowing import Known

__all__ = ["add_names"]

Table = Annotated[Path, typer.Argument(help="A table: its column names are asked about, no value is sent.")]
Model = Annotated[str, typer.Option(help="https://host/v1#NAME, a folder, a GGUF file, or owner/name of the Hub.")]
Abouts = Annotated[Path | None, typer.Option("--about", help="What columns are: `name: description`, one a line.")]
Out = Annotated[Path | None, typer.Option(help="Folder for what was said; the same command goes on there.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Treatment = Annotated[str, typer.Option(help="The column that is set.")]
Outcome = Annotated[str, typer.Option(help="The column that is looked at.")]
Wording = Annotated[str, typer.Option(help="causes, changes or affects.")]
Votes = Annotated[int, typer.Option(help="Answers of each order of a pair.")]
Yes = Annotated[bool, typer.Option("--yes", help="Ask even where there are over 2,000 questions.")]
MANY = 2_000
"""Questions from which on somebody has to say that they are meant."""


def add_names(app: typer.Typer) -> None:
    """Adds the commands about the names of a table."""
    app.command("pairs")(pairs_command)
    app.command("graph")(graph_command)
    app.command("critique")(critique_command)
    for role, about in (
        ("confounders", "Which columns cause both the treatment and the outcome; none may be the answer."),
        ("mediators", "Which columns the treatment acts through."),
        ("instruments", "Which columns act on the outcome only by way of the treatment."),
        ("controls", "Which columns the treatment does not reach, though what else acts on the outcome does."),
    ):
        app.command(role, help=_help(role, about))(_role_command(role))
    app.command("memory")(memory_command)


def pairs_command(
    source: Annotated[
        Path,
        typer.Argument(help="A table, of whose columns all pairs are asked, or the folder of the Tuebingen pairs."),
    ],
    model: Model,
    about: Abouts = None,
    wording: Wording = "causes",
    votes: Votes = 1,
    probe: Annotated[
        bool, typer.Option(help="Of the Tuebingen pairs: ask under coined names and without single words too.")
    ] = False,
    out: Out = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Ask about pairs, both ways round: which causes the other, or neither. Published pairs are scored.

    Example: aitia ask pairs visits.csv --model https://host/v1#NAME --about columns.txt --out said
    """
    from aitia.data.reading.tuebingen import is_tuebingen
    from aitia.errors import FormatError, OptionError
    from aitia.workflow.knowing_pairs import ask_pairs, ask_published, questions_about

    options: dict[str, Any] = {"wording": wording, "votes": votes}
    if is_tuebingen(source):
        if about is not None:
            raise OptionError("the folder says what its variables are: drop --about")
        _foretell(questions_about(source, votes, probe=probe), f"the pairs of {source}, at most", yes)
        _tell(
            lambda about, **how: ask_published(source, model, options=options, probe=probe, **how), None, out, as_json
        )
        return
    if source.is_dir():
        raise FormatError(
            f"{source} is a folder without pairmeta.txt: give a table, or the folder of the Tuebingen pairs"
        )
    if probe:
        raise OptionError("--probe needs pairs whose answer is known: the folder of the Tuebingen pairs (pairmeta.txt)")
    names = _names(source, votes, yes)
    _tell(lambda **how: ask_pairs(names, model, options=options, **how), about, out, as_json)


def memory_command(
    table: Annotated[Path, typer.Argument(help="A table that the model may have read. VALUES OF IT ARE SENT.")],
    model: Model,
    rows: Annotated[int, typer.Option(help="How many rows, drawn at random.")] = 20,
    name: Annotated[str | None, typer.Option(help="What the table is called; the name of the file if absent.")] = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Ask how rows of a table go on, among the ends of rows that are like it. Values are sent, here alone.

    Example: aitia ask memory iris.csv --model https://host/v1#NAME

    A model that knows such rows in one case of four has not read the table; one that knows more of them may recite.
    """
    from aitia.workflow.knowing_pairs import ask_memory

    _tell(lambda about, **how: ask_memory(table, model, rows=rows, name=name, **how), None, out, as_json)


def graph_command(
    table: Table,
    model: Model,
    about: Abouts = None,
    wording: Wording = "causes",
    votes: Votes = 1,
    prune: Annotated[bool, typer.Option(help="Leave out what a longer path explains.")] = True,
    out: Out = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Ask about every pair of columns, both ways round, and draw the graph of the answers.

    Example: aitia ask graph visits.csv --model https://host/v1#NAME --about columns.txt --out said

    Then: aitia discover visits.csv --knowledge said/knowledge.txt, or let the data refute it: --ask-model
    """
    from aitia.workflow.knowing import ask_graph

    names = _names(table, votes, yes)
    options = {"wording": wording, "votes": votes, "prune": prune}
    _tell(lambda **how: ask_graph(names, model, options=options, **how), about, out, as_json)


def critique_command(
    table: Table,
    model: Model,
    graph: Annotated[str, typer.Option(help='The graph, as text ("age -> dose; dose -> cure") or a file of it.')],
    about: Abouts = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Ask about each edge of a graph that is given.

    Example: aitia ask critique visits.csv --graph "age -> dose; dose -> cure" --model https://host/v1#NAME
    """
    from aitia.workflow.knowing import critique_graph, names_of

    held = _graph(graph, names_of(table), table)
    _tell(lambda **how: critique_graph(held, model, **how), about, out, as_json)


def _graph(graph: str, names: list[str], table: Path) -> "Graph":
    """A graph over columns of a table, from its text or a file.

    Raises:
        DataError: If it names what is no column.
        GraphError: If it is no graph.
    """
    from aitia.errors import DataError
    from aitia.graph import Graph
    from aitia.graph.formats import read_graph

    held = read_graph(graph) if Path(graph).is_file() else Graph(graph)
    if unknown := [name for name in held.nodes if name not in names]:
        raise DataError(f"the graph names {unknown[0]!r}, which is no column of {table}: {', '.join(names)}")
    return held


def _names(table: Path, votes: int, yes: bool) -> list[str]:
    """The columns, with what it will take said before.

    Raises:
        OptionError: If there are very many questions, and nobody says that they are meant.
    """
    from aitia.workflow.knowing import names_of

    names = names_of(table)
    pairs = len(names) * (len(names) - 1) // 2
    _foretell(2 * votes * pairs, f"{pairs:,} pair{'s' * (pairs != 1)} of {len(names)} columns", yes)
    return names


def _foretell(questions: int, of: str, yes: bool) -> None:
    """Says how many questions there are before they are asked.

    Raises:
        OptionError: If there are very many, and nobody says that they are meant.
    """
    from aitia.errors import OptionError

    told = f"{questions:,} questions about {of}"
    if questions > MANY and not yes:
        raise OptionError(
            f"{told} are over {MANY:,}, at a second each {questions / 60:.0f} minutes: say --yes, or leave some out"
        )
    typer.echo(f"{told}; no value is sent.", err=True)


def _role_command(role: str) -> Callable[..., None]:
    def command(
        table: Table,
        model: Model,
        treatment: Treatment,
        outcome: Outcome,
        graph: Annotated[
            str | None, typer.Option(help="A graph that you believe in, or a file of it: what it says of the answer.")
        ] = None,
        about: Abouts = None,
        out: Out = None,
        as_json: AsJson = False,
    ) -> None:
        from aitia.workflow.knowing import ask_roles, names_of

        names = names_of(table)
        held = None if graph is None else _graph(graph, names, table)
        _tell(lambda **how: ask_roles(role, treatment, outcome, names, model, graph=held, **how), about, out, as_json)

    return command


def _help(role: str, about: str) -> str:
    return (
        f"{about}\n\nExample: aitia ask {role} visits.csv --treatment dose --outcome cure --model https://host/v1#NAME"
    )


def _tell(ask: "Callable[..., Known]", about: Path | None, out: Path | None, as_json: bool) -> None:
    how: dict[str, Any] = {"about": None if about is None else read_about(about), "out": out}
    with progress_bar(quiet=as_json) as progress:
        found = ask(**how, progress=progress)
    if out is not None:
        found.save(out, shlex.join(["aitia", *sys.argv[1:]]))
    typer.echo(json.dumps(found.values, indent=2, ensure_ascii=False) if as_json else "\n".join(found.lines))
    if out is not None and not as_json and found.sections:
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}")
