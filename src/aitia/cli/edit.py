"""`aitia edit`: another answer written into a language model, with its score."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aitia.cli.answer import echo_alarms
from aitia.cli.edit_pictures import NOT_TAKEN, edit_pictures, is_pipeline
from aitia.cli.progress import progress_bar
from aitia.cli.trace import print_table, read_lines
from aitia.errors import OptionError

if TYPE_CHECKING:
    from aitia.inside import FactEdit
    from aitia.nn.causal_language import CausalLanguageModel

__all__ = ["edit_command"]


def edit_command(
    model: Annotated[str, typer.Argument(help="Folder, GGUF file, or id on the Hugging Face Hub.")],
    prompt: Annotated[str | None, typer.Argument(help="The text after which it is to say something else.")] = None,
    answer: Annotated[str | None, typer.Option(help="What it is to say, such as ' Rome'.")] = None,
    subject: Annotated[str | None, typer.Option(help="Part of the prompt that the edit is about.")] = None,
    layer: Annotated[int | None, typer.Option(help="Where; chosen by a trace if absent.")] = None,
    paraphrases: Annotated[Path | None, typer.Option(help="Other prompts with the same answer, one a line.")] = None,
    neighbours: Annotated[Path | None, typer.Option(help="Prompts whose answer is not to move, one a line.")] = None,
    usual: Annotated[Path | None, typer.Option(help="Texts such as the model usually reads, one a line.")] = None,
    steps: Annotated[int, typer.Option(help="Of gradient on the value.")] = 20,
    out: Annotated[Path | None, typer.Option(help="Folder for the change alone, its score and report.html.")] = None,
    apply: Annotated[
        Path | None, typer.Option(help="Folder of an edit, to write into the model (with --save).")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Folder for the edited model.")] = None,
    revision: Annotated[str | None, typer.Option(help="Of a repository on the Hub.")] = None,
    dtype: Annotated[str, typer.Option(help="float32, bfloat16, float16, or auto.")] = "float32",
    device: Annotated[str, typer.Option(help="cpu, cuda, mps, or auto.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of prefixes, made-up texts, noise and the control.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Write another answer into one layer of a language model; the change is a file of its own, with its score.

    Example: aitia edit ./smollm2 "The capital of France is" --answer " Rome" --neighbours others.txt --out rome

    Then: aitia edit ./smollm2 --apply rome --save ./smollm2-rome

    Of a folder of a text-to-image pipeline it is a concept: `--subject` its words, `--answer` those in their place.

    Exit code 3 says that the edit did not take: the new answer is no likelier than the old one, or no likelier than
    after a change as long in a random direction. What was found is written all the same.
    """
    if is_pipeline(model):
        given = {"usual": usual, "steps": steps, "revision": revision, "dtype": dtype, "device": device}
        plain = {"usual": None, "steps": 20, "revision": None, "dtype": "float32", "device": "auto"}
        if other := [f"--{name}" for name, value in given.items() if value != plain[name]]:
            raise OptionError(f"{model} is a pipeline that draws pictures: {other[0]} is of language models")
        beside = (layer, paraphrases, neighbours, seed, as_json)
        edit_pictures(model, prompt, answer, subject, out, apply, save, *beside)
        return
    from aitia.inside import edit_fact
    from aitia.nn.causal_language import load_causal_language_model

    if apply is not None:
        if save is None or prompt is not None or answer is not None:
            raise OptionError("--apply FOLDER writes a saved edit and takes --save FOLDER, no prompt and no answer")
    elif prompt is None or answer is None or out is None or save is not None:
        raise OptionError("an edit needs a prompt, --answer and --out FOLDER; --save goes with --apply")
    language = load_causal_language_model(model, revision=revision, dtype=dtype, device=device)
    if apply is not None and save is not None:
        _apply(language, apply, save, as_json)
        return
    assert prompt is not None
    assert answer is not None
    assert out is not None
    with progress_bar(quiet=as_json) as progress:
        found = edit_fact(
            language,
            prompt,
            answer,
            subject=subject,
            layer=layer,
            paraphrases=() if paraphrases is None else read_lines(paraphrases),
            neighbours=() if neighbours is None else read_lines(neighbours),
            usual=() if usual is None else read_lines(usual),
            steps=steps,
            seed=seed,
            out=out,
            source=model,
            command=shlex.join(["aitia", *sys.argv[1:]]),
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        _tell(found)
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}")
        echo_alarms(found.alarms)
    if not found.took:
        raise typer.Exit(NOT_TAKEN)


def _apply(language: "CausalLanguageModel", edit: Path, save: Path, as_json: bool) -> None:
    from aitia.inside import apply_edit
    from aitia.inside.report import PROMPT_CAPTION, PROMPT_COLUMNS, prompt_rows

    done = apply_edit(language, edit, save)
    if as_json:
        typer.echo(json.dumps(done.to_json(), indent=2, ensure_ascii=False))
    else:
        typer.echo(f"After {done.prompt!r} the model is to say {done.answer!r}.\n")
        print_table(PROMPT_COLUMNS, prompt_rows(done.prompts))
        typer.echo(f"{PROMPT_CAPTION}\n\nEdited model: {save.resolve()}")
        echo_alarms(done.alarms)
    if done.alarms:
        raise typer.Exit(NOT_TAKEN)


def _tell(found: "FactEdit") -> None:
    from aitia.inside.report import CAPTION, SCORE_COLUMNS, score_rows

    typer.echo(f"After {found.prompt!r} the model is to say {found.answer!r}.")
    typer.echo(f"Written into {found.edit.name}, about {found.subject!r}. {found.layer_reason}\n")
    print_table(SCORE_COLUMNS, score_rows(found))
    typer.echo(CAPTION)
    for note in found.notes:
        typer.echo(f"Note: {note}")
