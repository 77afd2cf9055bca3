"""`aitia edit` on a pipeline folder: a concept drawn as other words are."""

import json
from importlib import import_module
from pathlib import Path

import typer

from aitia.cli.trace import print_table, read_lines
from aitia.errors import OptionError
from aitia.files import check_free, new_folder, write_whole
from aitia.report import Section, render
from aitia.system import find

__all__ = ["NOT_TAKEN", "edit_pictures", "is_pipeline"]

NOT_TAKEN = 3
"""Exit code where the edit did not take."""
COLUMNS = ("what", "effect", "95 %", "random change")


def is_pipeline(model: str) -> bool:
    """Whether this is a folder of a pipeline that draws pictures."""
    return (Path(model) / "model_index.json").is_file()


def edit_pictures(
    model: str,
    prompt: str | None,
    answer: str | None,
    subject: str | None,
    out: Path | None,
    apply: Path | None,
    save: Path | None,
    layer: int | None,
    paraphrases: Path | None,
    neighbours: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Writes `edit.safetensors`, `edit.json` and `report.html`, and the edited pipeline where asked.

    Raises:
        OptionError: If a part of what is asked is missing.
    """
    if apply is not None:
        if save is None or prompt is not None or answer is not None:
            raise OptionError("--apply FOLDER writes a saved edit and takes --save FOLDER, no prompt and no answer")
        _apply(model, apply, save, as_json)
        return
    if prompt is None or answer is None or out is None or subject is None:
        raise OptionError(
            "an edit of a text-to-image pipeline needs a prompt, --subject (words of it that change), --answer (those "
            "in their place) and --out FOLDER"
        )
    check_free(out)
    single = import_module(f"{find('diff-quickfix').package}.single")
    others, stay = (() if file is None else read_lines(file) for file in (paraphrases, neighbours))
    found = single.edit_concept(
        model, prompt, answer.strip(), subject=subject, layer=layer, paraphrases=others, neighbours=stay, seed=seed,
        save=save,
    )  # fmt: skip
    told = json.dumps(found.to_json(), indent=2, ensure_ascii=False)
    title = f"{found.concept}, drawn as {found.words}"
    with new_folder(out) as stage:
        found.edit.save(stage / "edit.safetensors")
        write_whole(stage / "edit.json", told + "\n")
        page = render(
            title, f"An edit of {found.edit.name}.", [Section("What it does", found.blocks)], f"Model: {model}"
        )
        write_whole(stage / "report.html", page)
    if as_json:
        typer.echo(told)
    else:
        typer.echo(f"{title}: written into {found.edit.name}. {found.layer_reason}\n")
        rows = [
            [str(e["outcome"]), f"{e['effect']:+.3f}", f"{e['low']:+.3f} to {e['high']:+.3f}", f"{e['control']:+.3f}"]
            for e in found.effects
        ]
        print_table(COLUMNS, rows)
        for warning in found.warnings:
            typer.echo(f"Note: {warning}")
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}")
    if not found.took:
        raise typer.Exit(NOT_TAKEN)


def _apply(model: str, edit: Path, save: Path, as_json: bool) -> None:
    """Writes a saved edit into a pipeline, and that into a folder."""
    saving = import_module(f"{find('diff-quickfix').package}.saving")
    with new_folder(save) as stage:
        name = saving.apply_edit(model, edit / "edit.safetensors", stage)
    place = str(save.resolve())
    typer.echo(json.dumps({"module": name, "folder": place}, indent=2) if as_json else f"{name} is changed in {place}")
