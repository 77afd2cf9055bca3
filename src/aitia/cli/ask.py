"""`aitia ask`: questions put to a language model. A first word that is no command of its own is a file of questions."""

import json
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from aitia.cli.ask_names import add_names
from aitia.cli.engines import Where, runs_on_engines
from aitia.cli.progress import progress_bar
from aitia.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aitia.text import Question
    from aitia.workflow.questions import Questioned

__all__ = ["ask_app"]


class _FilesAreQuestions(TyperGroup):
    """`aitia ask FILE` is `aitia ask questions FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """With the name of the command where it is left out."""
        known = not args or args[0] in (*self.commands, "-h", "--help")
        return list(super().parse_args(ctx, args if known else ["questions", *args]))


ask_app = typer.Typer(
    cls=_FilesAreQuestions,
    help="Put causal questions to a language model, and score its answers.\n\n"
    "Example: aitia ask questions.jsonl --model ./smollm2 --out asked",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


add_names(ask_app)


@ask_app.callback()
def _of_all() -> None:
    """Put causal questions to a language model, and score its answers."""


@ask_app.command("questions")
@runs_on_engines
def questions_command(
    questions: Annotated[Path, typer.Argument(help="Questions with options: .jsonl, .parquet or .csv.")],
    model: Annotated[
        str | None, typer.Option(help="https://host/v1#NAME, a folder, a GGUF file, or owner/name of the Hub.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="The file holds rows of this system, such as vqa-causal, which are asked.")
    ] = None,
    both_orders: Annotated[bool, typer.Option(help="Ask each with its options turned round too.")] = True,
    rotations: Annotated[bool, typer.Option(help="Ask each with every option in every place.")] = False,
    by: Annotated[
        str, typer.Option(help="text, letters, options (by log-probability), or auto: letters where that is told.")
    ] = "auto",
    f1: Annotated[str | None, typer.Option(help="Tell F1 of this option too.")] = None,
    system: Annotated[str, typer.Option(help="What the model is told beforehand.")] = "",
    first: Annotated[int | None, typer.Option(help="Ask so many questions of the file.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Of an answer at most.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Of sampling; 0 if absent.")] = None,
    seed: Annotated[int, typer.Option(help="Of sampling.")] = 0,
    budget: Annotated[float | None, typer.Option(help="What may be spent, in the currency of the prices.")] = None,
    token_budget: Annotated[int | None, typer.Option(help="Tokens that may be spent.")] = None,
    price_in: Annotated[float, typer.Option(help="Of a million tokens read.")] = 0.0,
    price_out: Annotated[float, typer.Option(help="Of a million tokens written.")] = 0.0,
    key_from: Annotated[
        str | None, typer.Option(help="Environment variable with the key; AITIA_API_KEY if absent.")
    ] = None,
    concurrency: Annotated[int | None, typer.Option(help="Questions under way at once at an endpoint; 4.")] = None,
    requests_per_minute: Annotated[float | None, typer.Option(help="To an endpoint at most.")] = None,
    tokens_per_minute: Annotated[float | None, typer.Option(help="To an endpoint at most.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds that an answer may take; 120.")] = None,
    retries: Annotated[int | None, typer.Option(help="After a failure that may pass; 5.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Prompts that a local model reads at once; 8.")] = None,
    dtype: Annotated[str | None, typer.Option(help="Of a local model: float32, bfloat16, float16, auto.")] = None,
    device: Annotated[str | None, typer.Option(help="Of a local model: cpu, cuda, mps, auto.")] = None,
    revision: Annotated[str, typer.Option(help="Of the model.")] = "",
    cache: Annotated[Path | None, typer.Option(help="Folder of answers that are at hand for any file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for answers, scores and report; resumes there.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="New folder for the questions as tasks of lm-evaluation-harness and inspect-ai.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    *,
    where: Where,
) -> None:
    """Ask a file of questions, each in both orders of its options, and score the answers beside trivial ones.

    Example: aitia ask questions.jsonl --model https://host/v1#NAME --budget 2 --price-in 0.2 --price-out 0.6 --out run
    """
    from aitia.text import Prices
    from aitia.workflow.questions import ask_questions

    if model is None and export is None:
        raise OptionError("say who is asked: --model https://host/v1#NAME, a folder, a GGUF file or owner/name")
    if first is not None and first < 1:
        raise OptionError(f"--first is a number of questions, 1 or more, got {first}")
    with _read(questions, task) as read:
        held = read[:first]
        if export is not None:
            _export(export, held, task, both_orders, as_json)
        if model is None:
            return
        given = {
            "tokens": tokens, "temperature": temperature, "key_from": key_from, "concurrency": concurrency,
            "requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute, "timeout": timeout,
            "retries": retries, "batch_size": batch_size, "dtype": dtype, "device": device,
        }  # fmt: skip
        options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        prices = Prices(price_in, price_out) if price_in or price_out else None
        options |= {"prices": prices, "budget": budget, "token_budget": token_budget}
        options |= {"revision": revision, "cache": cache}
        with _opened(model, where, options) as who, progress_bar(quiet=as_json) as progress:
            result = ask_questions(
                who["client"], held, source=str(questions), out=out, both_orders=both_orders, rotations=rotations,
                by=by, f1=f1, seed=seed, system=system, progress=progress,  # type: ignore[arg-type]  # checked there
                engine=who["engine"], opened=who["opened"],
                command=shlex.join(["aitia", *sys.argv[1:]]),
            )  # fmt: skip
    _tell(result, out, as_json)
    if result.left:  # nothing keeps what is there but what was printed
        raise typer.Exit(2)


@contextmanager
def _opened(model: str, where: Where, options: dict[str, Any]) -> "Iterator[dict[str, Any]]":
    """The client, how a worker opens its own, and the engine of a model of this machine."""
    from aitia.text import open_client
    from aitia.workflow.asked_apart import Opened

    here = "://" not in model
    if not here and where != Where(1):
        raise OptionError("an endpoint is asked several questions at once by --concurrency: leave out --jobs, --engine")
    with open_client(model, **options) as client, where.opened() as engine:
        yield {"client": client, "opened": Opened.of(model, **options), "engine": engine if here else None}


@contextmanager
def _read(questions: Path, task: str | None) -> "Iterator[list[Question]]":
    """The questions of a file, or of rows; pictures of rows are there as long as they are asked about."""
    from tempfile import TemporaryDirectory

    from aitia.text import read_questions
    from aitia.workflow.tasks import task_questions

    with TemporaryDirectory() as shown:
        yield read_questions(questions) if task is None else task_questions(task, questions, Path(shown))


def _export(folder: Path, held: "list[Question]", task: str | None, both_orders: bool, as_json: bool) -> None:
    from aitia.workflow.task_export import export_tasks

    name = "aitia_questions" if task is None else task.replace("-", "_")
    files = export_tasks(folder, held, name=name, both_orders=both_orders)
    typer.echo(f"Tasks: {', '.join(map(str, files))}", err=as_json)


def _tell(result: "Questioned", out: Path | None, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result.to_json(), indent=2, ensure_ascii=False))
        return
    from aitia.cli.trace import print_table
    from aitia.text.page import SCORE_COLUMNS, score_rows

    typer.echo(result.told + "\n")
    print_table(SCORE_COLUMNS, [[str(cell) for cell in row] for row in score_rows(result.found)])
    print_table(("without reasoning", "accuracy"), [[n, f"{v:.3f}"] for n, v in result.found.trivial.items()])
    found = result.found
    letters = ", ".join(f"{letter} {n} times" for letter, n in found.chosen.items()) or "none"
    typer.echo(f"Chosen: {letters}. Without an option: {found.unparsed} ({found.refused} refused, {found.cut} cut).")
    for note in result.answers.notes:
        typer.echo(f"Note: {note}.")
    if result.left:
        typer.echo(f"Left: {result.left}.")
    if out is not None:
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}")
