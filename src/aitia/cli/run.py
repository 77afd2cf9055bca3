"""`aitia run`: a system fitted to your data, or to a world."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.answer import echo_alarms
from aitia.cli.names import columns, named, pairs
from aitia.cli.progress import progress_bar
from aitia.cli.tables import reads_tables
from aitia.errors import OptionError, RunError
from aitia.files import write_whole
from aitia.saving import made

if TYPE_CHECKING:
    from aitia.data.spreadsheet import Reading
    from aitia.system import Example
    from aitia.workflow import Fit

__all__ = ["RUN_SETTINGS", "run_command"]

RUN_SETTINGS = {"ignore_unknown_options": True, "allow_extra_args": True}
"""Roles, subjects and options of a system are flags of their own."""

MOST_LINES = 60
"""Of a graph on the terminal."""


@reads_tables
def run_command(
    context: typer.Context,
    system: Annotated[str | None, typer.Argument(help="Name of the system, such as domain-counterfactuals.")] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="A table, a folder of pictures or texts, clips, tracks, recordings, a data set of the Hugging Face "
            "Hub (owner/name), or a world of ours such as pendulum (world:pendulum, where a folder has that name)."
        ),
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", help="Column of a role, name=column; as often as needed.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "--set", help="An option of the system, name=value; as often as needed."),
    ] = None,
    rows: Annotated[int | None, typer.Option(help="Rows to draw of a world; 1000 if absent.")] = None,
    size: Annotated[int | None, typer.Option(help="Pixels on a side to scale pictures to, or to draw a world.")] = None,
    world: Annotated[
        list[str] | None, typer.Option("--world", help="An argument of the world, name=value; as often as needed.")
    ] = None,
    missing: Annotated[
        str | None,
        typer.Option(help="Of rows with gaps: complete leaves them out, impute, error, testwise in searches."),
    ] = None,
    test_share: Annotated[float, typer.Option(help="Share of your rows that is kept out and scored on.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of everything.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for the model, scores and report.html.")] = None,
    example: Annotated[bool, typer.Option("--example", help="Write the system's own example and run it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    wants_help: Annotated[
        bool, typer.Option("--help", "-h", help="Show this, or with a system its roles, subjects and options.")
    ] = False,
    *,
    reading: "Reading",
    kinds: Mapping[str, str],
) -> None:
    """Fit a system to your data, or to a world whose truth is known.

    Example: aitia run domain-counterfactuals --data faces/ --environment site --steps 2000 --out faces-run

    Roles of columns, subjects and options of a system are flags: aitia run SYSTEM --help lists them.

    A run that was stopped goes on with the same command, and ends in the same bytes.
    """
    if system is None:
        typer.echo(context.get_help())
        raise typer.Exit(0 if wants_help else 2)
    from aitia.system.registry import find

    entry = find(system)
    if wants_help:
        from aitia.cli.describe import described

        typer.echo(described(entry))
        return
    from aitia.workflow.run import fit
    from aitia.workflow.schema import options_of

    flags = [o.name for o in options_of(entry.config()) if o.flag]
    given: dict[str, Any] = columns(columns(named(context.args, flags), pairs(role)), pairs(option))
    shared: dict[str, Any] = {"rows": rows, "size": size, "world": pairs(world), "test_share": test_share}
    given = columns(given, {} if missing is None else {"missing": missing})  # some systems have it as an option too
    shared |= {"reading": reading, "kinds": kinds}
    if example:
        if data is not None:
            raise OptionError("--example brings its own data: leave out --data")
        entry.load()  # what is not installed is told before anything is written
        data, given, shared = _example(system, out, seed, given, shared)
    elif data is None:
        _check_rows(entry)
    first = int(os.environ.get("RANK", "0")) == 0  # of the processes that torchrun started
    command = shlex.join(["aitia", *sys.argv[1:]])
    with progress_bar(quiet=as_json or not first) as progress:
        found = fit(system, data, out=out, seed=seed, progress=progress, command=command, **shared, **given)
    if first:
        _tell(found, out, as_json)


def _tell(found: "Fit", out: Path | None, as_json: bool) -> None:
    typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False) if as_json else _text(found))
    if out is not None and not as_json:
        typer.echo(f"\nModel:  {(out / 'model').resolve()}\nReport: {(out / 'report.html').resolve()}")
    if not as_json:
        echo_alarms(found.alarms)


def _check_rows(entry: Any) -> None:
    """Refuses a fit without rows where the card has a role that must be there, or no subject that could stand alone."""
    from aitia.workflow.names import needs_rows

    card = entry.card
    if needs_rows(card):
        raise OptionError(
            f"{card.slug} is fitted to {' or '.join(card.rows)}: say where (--data PATH or --data WORLD); "
            f"aitia run {card.slug} --help lists its roles and options"
        )


def _example(
    slug: str, out: Path | None, seed: int, given: dict[str, Any], shared: dict[str, Any]
) -> tuple[str | None, dict[str, Any], dict[str, Any]]:
    """The example of a system in the place of data; what the command line says besides goes before it."""
    from aitia.system.example import example_of

    folder = Path(f"{slug}-example") if out is None else out.parent / f"{out.name}-example"
    _mark_example(folder, slug)
    written: Example = example_of(slug, folder, seed)
    options = {**written.named, **given}
    for name in ("rows", "size", "world"):
        if name in options and not shared[name]:
            shared[name] = options[name]
        options.pop(name, None)
    typer.echo(f"The example of {slug} is in {folder}", err=True)
    return None if written.files is None else str(written.files), options, shared


def _mark_example(folder: Path, slug: str) -> None:
    """Takes a folder that is new, empty or of an earlier example of the system; no other is written to."""
    mark = folder / ".aitia-example.json"
    record = json.dumps({"system": slug}) + "\n"
    held: list[str] = []
    try:
        held = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        ours = not held or mark.read_text(encoding="utf-8") == record
    except (OSError, UnicodeDecodeError):
        ours = False
    if not ours:
        raise RunError(
            f"{folder}, where the example goes, holds {held[0] if held else 'files'} and is no example of {slug}: give "
            "another folder (--out)"
        )
    write_whole(made(folder) / mark.name, record, RunError)


def _graphs(found: "Fit") -> list[str]:
    """The graphs that were found, each with what it is of where there are several, and a blank line after them."""
    lines: list[str] = []
    for name, graph in found.graphs.items():
        drawn = graph.to_text().splitlines() or ["no variables"]
        if len(drawn) > MOST_LINES:
            drawn = [*drawn[:MOST_LINES], f"and {len(drawn) - MOST_LINES} lines more"]
        lines += [*([] if name == "graph" else [f"{name}:"]), *drawn, ""]
    return lines


def _text(found: "Fit") -> str:
    lines = [] if found.flow is None or not found.flow.lines() else [*found.flow.lines(), ""]
    lines += _graphs(found)
    names = list(dict.fromkeys(name for score in found.scores.values() for name in score.baselines))
    if not found.scores:
        lines += [found.unscored] if found.unscored else []
    else:
        wide = max(len(name) for name in found.scores)
        lines.append(f"{'':<{wide}}  {'  '.join(f'{name:>12}' for name in ('model', *names))}")
        for name, score in found.scores.items():
            values = {"model": score.value, **score.baselines}
            cells = [
                f"{f'{values[who]:.4g}' if who in values else '':>{max(12, len(who))}}" for who in ("model", *names)
            ]
            lines.append(f"{name:<{wide}}  {'  '.join(cells)}  ({score.better} is better)")
        lines.append(f"Measured on {found.scored_on}.")
    lines += ["", *found.training.notes] if found.training.notes else []
    lines += ["", *[f"Note: {warning}" for warning in found.training.warnings]] if found.training.warnings else []
    if found.path is not None and found.system.targets:
        from aitia.workflow.report import question

        targets = found.system.targets
        asked = question(found.targets) or f"do({(*targets.names, targets.says)[0]}=...)"
        lines += ["", f"Ask:    {shlex.join(['aitia', 'do', str(found.path), asked])}"]
    return "\n".join(lines)
