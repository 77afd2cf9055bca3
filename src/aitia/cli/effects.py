"""`aitia effects`: what moves an outcome, as a fitted system tells it."""

from pathlib import Path
from typing import Annotated

import typer

from aitia.cli.answer import place_for, told
from aitia.cli.names import columns, named, pairs

__all__ = ["effects_command"]


def effects_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a fitted system.")],
    rows: Annotated[str | None, typer.Argument(help="Rows: a path or a world; else those of the fit.")] = None,
    target: Annotated[str | None, typer.Option(help="One target; all if absent.")] = None,
    outcome: Annotated[str | None, typer.Option(help="One outcome; all if absent.")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="Column of a role, name=column.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the table; in the run if absent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Tell the effect of each target on each outcome, with its interval and a control.

    Example: aitia effects run --target food --outcome stars
    """
    from aitia.workflow.answers import effects

    folder = place_for(run, "effects", out)
    given = columns(named(context.args), pairs(role))
    told(effects(run, rows, target=target, outcome=outcome, **given), folder, as_json, shown=True)
