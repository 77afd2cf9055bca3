"""`aitia trace`: which places in a language model carry its answer."""

import json
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.answer import echo_alarms
from aitia.cli.engines import Where, runs_on_engines
from aitia.cli.progress import progress_bar
from aitia.errors import OptionError
from aitia.guard import read_text

if TYPE_CHECKING:
    from aitia.inside import LogitLens, PairsTrace, PatchedAnswers, PromptTrace
    from aitia.nn.causal_language import CausalLanguageModel

__all__ = ["print_table", "read_lines", "trace_command"]


@runs_on_engines
def trace_command(
    model: Annotated[str, typer.Argument(help="Folder, GGUF file, or id on the Hugging Face Hub.")],
    prompt: Annotated[str | None, typer.Argument(help="The text whose continuation is explained.")] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(help="Many in place of one: .jsonl or .csv of prompt, against, answer, other."),
    ] = None,
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
    fast: Annotated[
        bool, typer.Option(help="Estimate patches by one backward pass; how well they agree with patches is told.")
    ] = False,
    lens: Annotated[
        bool, typer.Option(help="Tell what the model would say if it stopped after each layer, in place of a trace.")
    ] = False,
    says: Annotated[
        bool, typer.Option(help="Patch --site, all at once, and tell what the model says next, in place of a trace.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for trace.csv, trace.json, trace.png, report.html.")] = None,
    batch_size: Annotated[int, typer.Option(help="Rows that run at once; bounds memory.")] = 64,
    revision: Annotated[str | None, typer.Option(help="Of a repository on the Hub.")] = None,
    dtype: Annotated[str, typer.Option(help="float32, bf16 (bfloat16), float16, or auto.")] = "float32",
    device: Annotated[str, typer.Option(help="cpu, cuda, mps, or auto.")] = "auto",
    device_map: Annotated[
        str | None,
        typer.Option(help="For models that do not fit: auto, balanced, sequential, or a JSON file of module: device."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of noise and controls.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    *,
    where: Where,
) -> None:
    """Trace an answer through a language model: which layer, token, head or unit carries it, beside a control.

    Example: aitia trace ./smollm2 "The capital of France is" --against "The capital of Italy is" --out france

    Or many prompts, with intervals over them: aitia trace ./smollm2 --pairs capitals.jsonl --out capitals
    """
    if (prompt is None) == (pairs is None):
        raise OptionError("give one prompt, or a file of them (--pairs FILE.jsonl)")
    asked = {
        "pairs": pairs, "site": site, "against": against, "subject": subject, "answer": answer, "other": other,
        "reference": reference, "fast": fast or None, "operation": None if operation == "patch" else operation,
    }  # fmt: skip
    how: dict[str, Any] = {"out": out, "command": shlex.join(["aitia", *sys.argv[1:]])}
    loaded = {"revision": revision, "dtype": dtype, "device": device, "device_map": device_map}
    if says:
        numbers = {"noise": noise, "draws": draws, "seed": seed}
        _says(lambda: _open(model, loaded), prompt, {**asked, "lens": lens or None, "out": out}, numbers, as_json)
        return
    if lens:
        _lens(lambda: _open(model, loaded), prompt, asked, how, as_json)
        return
    how |= {
        "sites": site or (), "draws": draws, "strongest": strongest, "batch_size": batch_size, "seed": seed,
        "fast": fast,
    }  # fmt: skip
    if pairs is not None:
        how["where"] = where
        _study(lambda: _open(model, loaded), pairs, asked, how, as_json)
        return
    how |= {name: asked[name] for name in ("against", "subject", "answer", "other")}
    how["where"] = where
    texts = [] if reference is None else read_lines(reference)
    _one(lambda: _open(model, loaded), prompt or "", as_json, **how, operation=operation, reference=texts, noise=noise)


def _open(model: str, options: Mapping[str, Any]) -> "CausalLanguageModel":
    from aitia.nn.causal_language import load_causal_language_model

    return load_causal_language_model(model, **options)


def _one(opened: "Callable[[], CausalLanguageModel]", prompt: str, as_json: bool, **how: Any) -> None:
    """A trace of one prompt."""
    from aitia.inside import trace_prompt

    language, where = opened(), how.pop("where")
    with where.opened() as engine, progress_bar(quiet=as_json) as progress:
        found = trace_prompt(language, prompt, engine=engine, progress=progress, **how)
    if as_json:
        _print(found)
        return
    _tell(found)
    _say_where(how["out"])
    echo_alarms(found.alarms)


def _study(
    opened: "Callable[[], CausalLanguageModel]",
    pairs: Path,
    asked: Mapping[str, object],
    how: Mapping[str, Any],
    as_json: bool,
) -> None:
    """A trace of many prompts."""
    from aitia.inside import read_pairs, trace_pairs
    from aitia.inside.study_report import PLACE_COLUMNS, place_caption, place_rows, study_sentence

    names = ("against", "subject", "answer", "other", "reference", "operation")
    if given := [name for name in names if asked[name] is not None]:
        raise OptionError(f"--{given[0]} is of one prompt: with --pairs each line says what it is held against")
    many = read_pairs(pairs)
    language = opened()
    others = {name: value for name, value in how.items() if name != "where"}
    with how["where"].opened() as engine, progress_bar(quiet=as_json) as progress:
        found = trace_pairs(language, many, source=str(pairs), engine=engine, progress=progress, **others)
    if as_json:
        _print(found)
        return
    typer.echo(study_sentence(found) + "\n")
    print_table(PLACE_COLUMNS, place_rows(found.strongest))
    typer.echo(place_caption(found))
    for note in [] if found.agreement is None else [str(found.agreement)]:
        typer.echo(note)
    for note in found.notes:
        typer.echo(f"Note: {note}")
    _say_where(how["out"])
    echo_alarms(found.alarms)


def _lens(
    opened: "Callable[[], CausalLanguageModel]",
    prompt: str | None,
    asked: Mapping[str, Any],
    how: Mapping[str, Any],
    as_json: bool,
) -> None:
    """What each layer would say."""
    from aitia.inside import logit_lens
    from aitia.inside.lens_report import LENS_COLUMNS, lens_rows, lens_sentence

    if given := [name for name, value in asked.items() if value is not None and name != "answer"]:
        raise OptionError(f"--{given[0]} is of a trace, and --lens changes nothing: leave one of them out")
    found = logit_lens(opened(), prompt or "", asked["answer"], **how)
    if as_json:
        _print(found)
        return
    typer.echo(lens_sentence(found) + "\n")
    print_table(LENS_COLUMNS, lens_rows(found))
    for note in found.question.notes:
        typer.echo(f"Note: {note}")
    _say_where(how["out"])


def _says(
    opened: "Callable[[], CausalLanguageModel]",
    prompt: str | None,
    asked: Mapping[str, Any],
    numbers: Mapping[str, Any],
    as_json: bool,
) -> None:
    """What the model says next, before and after a patch."""
    from aitia.inside import patched_answers
    from aitia.inside.says_report import SAYS_COLUMNS, says_rows, says_sentence

    taken = ("site", "against", "subject", "answer", "other")
    if given := [name for name, value in asked.items() if value is not None and name not in taken]:
        raise OptionError(f"--{given[0]} is not of --says, which patches one prompt and writes no files: leave it out")
    how = {name: asked[name] for name in taken[1:]}
    found = patched_answers(opened(), prompt or "", asked["site"] or (), **how, **numbers)
    if as_json:
        _print(found)
        return
    typer.echo(says_sentence(found) + "\n")
    print_table(SAYS_COLUMNS, says_rows(found))
    for note in found.question.notes:
        typer.echo(f"Note: {note}")


def _print(found: "PromptTrace | PairsTrace | LogitLens | PatchedAnswers") -> None:
    typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))


def _say_where(out: Path | None) -> None:
    if out is not None:
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}")


def _tell(found: "PromptTrace") -> None:
    from aitia.inside.report import STRONG_COLUMNS, caption, sentences, strong_rows

    typer.echo(sentences(found))
    for word, cost in sorted(found.word_costs.items(), key=lambda item: -item[1])[:3]:
        typer.echo(f"  noise on {word!r} costs {cost:.3f}")
    typer.echo()
    print_table(STRONG_COLUMNS, strong_rows(found.strongest))
    typer.echo(caption(found))
    if found.agreement is not None:
        typer.echo(str(found.agreement))
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
