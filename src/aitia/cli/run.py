"""`aitia run`: a method fitted to your data, or to a world."""

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aitia.cli.progress import progress_bar
from aitia.errors import OptionError

if TYPE_CHECKING:
    from aitia.workflow import Fit

__all__ = ["run_command"]


def run_command(
    method: Annotated[str, typer.Argument(help="Name of the method, such as domain-counterfactuals.")],
    data: Annotated[
        str | None,
        typer.Option(
            help="A folder of images with a CSV file, a table, a file or folder of tracks, a data set of the Hugging "
            "Face Hub (owner/name), or a world of ours such as pendulum."
        ),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the method, name=value; as often as needed.")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="CSV file of a folder of images, where there are several.")] = None,
    environment: Annotated[
        str | None, typer.Option(help="Column that says where a row is from; else environment, env or domain.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Pixels on a side to scale images to, or to draw a world.")] = None,
    rows: Annotated[int | None, typer.Option(help="Rows to draw of a world; 1000 if absent.")] = None,
    world: Annotated[
        list[str] | None, typer.Option("--world", help="An argument of the world, name=value; as often as needed.")
    ] = None,
    frame_step: Annotated[float | None, typer.Option(help="From one frame's number to the next, for tracks.")] = None,
    causes: Annotated[
        str | None, typer.Option(help="Labels that are causes, between commas; else all numbers.")
    ] = None,
    test_share: Annotated[float, typer.Option(help="Share of your rows that is kept out and scored on.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of everything.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for the model, scores and report.html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Fit a method to your images, table or tracks, or to a world whose truth is known.

    Example: aitia run domain-counterfactuals --data faces/ --environment site --set steps=2000 --out faces-run

    A run that was stopped goes on with the same command, and ends in the same bytes.
    """
    from aitia.workflow import Source, find_method, fit, world_names
    from aitia.workflow.options import option_names, split_options

    if data is None:
        found_method = find_method(method)
        raise OptionError(
            f"{method} is fitted to {' or '.join(found_method.forms)}: say which (--data). Worlds: "
            f"{', '.join(world_names())}. Options: {', '.join(option_names(found_method.config_class))}"
        )
    source = Source(
        data,
        labels=labels,
        environment=environment,
        size=size,
        rows=rows,
        seed=seed,
        world=split_options(world or []),
        frame_step=frame_step,
        causes=tuple(name.strip() for name in causes.split(",")) if causes else (),
    )
    first = int(os.environ.get("RANK", "0")) == 0
    with progress_bar(quiet=as_json or not first) as progress:
        found = fit(
            method,
            source,
            options=split_options(option or []),
            test_share=test_share,
            seed=seed,
            out=out,
            progress=progress,
            command=shlex.join(["aitia", *sys.argv[1:]]),
        )
    if not first:
        return
    typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False) if as_json else _text(found))
    if out is not None and not as_json:
        typer.echo(f"\nModel:  {(out / 'model').resolve()}\nReport: {(out / 'report.html').resolve()}")


def _text(found: "Fit") -> str:
    names = list(found.scores)
    if not found.measures:
        return "Nothing was scored: the data hold no truth to score against."
    wide = max(len(m.name) for m in found.measures)
    lines = [f"{'':<{wide}}  {'  '.join(f'{name:>12}' for name in names)}"]
    for m in found.measures:
        cells = [f"{found.scores[n][m.name]:.4g}" if m.name in found.scores[n] else "" for n in names]
        shown = "  ".join(f"{cell:>{max(12, len(name))}}" for cell, name in zip(cells, names, strict=True))
        lines.append(f"{m.name:<{wide}}  {shown}  ({m.better} is better)")
    lines.append(f"Measured on {found.scored_on}.")
    lines += ["", *found.training.notes] if found.training.notes else []
    lines += ["", *[f"Note: {warning}" for warning in found.training.warnings]] if found.training.warnings else []
    return "\n".join(lines)
