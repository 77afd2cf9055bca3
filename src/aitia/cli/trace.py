"""`aitia trace`: which places in a language model carry its answer."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aitia.cli.answer import echo_alarms
from aitia.cli.progress import progress_bar
from aitia.errors import OptionError
from aitia.guard import read_text

if TYPE_CHECKING:
    from aitia.inside import PromptTrace

__all__ = ["print_table", "read_lines", "trace_command"]


def trace_command(
    model: Annotated[str, typer.Argument(help="Folder, GGUF file, or id on the Hugging Face Hub.")],
    prompt: Annotated[str, typer.Argument(help="The text whose continuation is explained.")],
    site: Annotated[list[str] | None, typer.Option(help="Where; each layer at each token if absent.")] = None,
    against: Annotated[str | None, typer.Option(help="Another prompt of as many tokens, with another answer.")] = None,
    subject: Annotated[str | None, typer.Option(help="Part of the prompt that gets noise, without --against.")] = None,
    answer: Annotated[str | None, typer.Option(help="What may come next, such as ' Paris'; the model's own.")] = None,
    other: Annotated[str | None, typer.Option(help="An answer that it is held against, such as ' Rome'.")] = None,
    operation: Annotated[str, typer.Option(help="patch (restore), zero, mean, or noise.")] = "patch",
    reference: Annotated[Path | None, typer.Option(help="Texts for --operation mean, one a line.")] = None,
    noise: Annotated[float, typer.Option(help="In standard deviations.")] = 3.0,
    draws: Annotated[int, typer.Option(help="Of the noise, and of each control.")] = 5,
    strongest: Annotated[int, typer.Option(help="How many sites are told, with a control each.")] = 10,
    out: Annotated[Path | None, typer.Option(help="Folder for trace.csv, trace.json, trace.png, report.html.")] = None,
    batch_size: Annotated[int, typer.Option(help="Rows that run at once; bounds memory.")] = 64,
    revision: Annotated[str | None, typer.Option(help="Of a repository on the Hub.")] = None,
    dtype: Annotated[str, typer.Option(help="float32, bfloat16, float16, or auto.")] = "float32",
    device: Annotated[str, typer.Option(help="cpu, cuda, mps, or auto.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of noise and controls.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Trace an answer through a language model: which layer, token, head or unit carries it, beside a control.

    Example: aitia trace ./smollm2 "The capital of France is" --against "The capital of Italy is" --out france
    """
    from aitia.inside import trace_prompt
    from aitia.nn.causal_language import load_causal_language_model

    texts = [] if reference is None else read_lines(reference)
    language = load_causal_language_model(model, revision=revision, dtype=dtype, device=device)
    with progress_bar(quiet=as_json) as progress:
        found = trace_prompt(
            language,
            prompt,
            sites=site or (),
            against=against,
            subject=subject,
            answer=answer,
            other=other,
            operation=operation,  # type: ignore[arg-type]  # checked by trace_prompt, with a sentence
            reference=texts,
            noise=noise,
            draws=draws,
            strongest=strongest,
            batch_size=batch_size,
            seed=seed,
            out=out,
            command=shlex.join(["aitia", *sys.argv[1:]]),
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    _tell(found)
    if out is not None:
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}")
    echo_alarms(found.alarms)


def _tell(found: "PromptTrace") -> None:
    from aitia.inside.report import STRONG_COLUMNS, caption, sentences, strong_rows

    typer.echo(sentences(found))
    for word, cost in sorted(found.word_costs.items(), key=lambda item: -item[1])[:3]:
        typer.echo(f"  noise on {word!r} costs {cost:.3f}")
    typer.echo()
    print_table(STRONG_COLUMNS, strong_rows(found.strongest))
    typer.echo(caption(found))
    for note in found.question.notes:
        typer.echo(f"Note: {note}")


def print_table(columns: "tuple[str, ...]", rows: list[list[str]]) -> None:
    """A table on the terminal, as wide as its text."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 160)  # a file or a pipe has no edge to break lines at
    console.print(table)


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not empty.

    Raises:
        FormatError: If it cannot be read.
        OptionError: If there are none.
    """
    lines = [line.strip() for line in read_text(path).splitlines()]
    if not any(lines):
        raise OptionError(f"{path} is empty: give one text a line")
    return [line for line in lines if line]
