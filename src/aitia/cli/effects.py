"""`aitia effects`: what moves an outcome, as a fitted system tells it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.answer import place_for, told
from aitia.cli.names import columns, named, pairs
from aitia.cli.tables import MISSING_OPTION, reads_tables

if TYPE_CHECKING:
    from aitia.data.spreadsheet import Reading

__all__ = ["effects_command"]


@reads_tables
def effects_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a fitted system.")],
    rows: Annotated[str | None, typer.Argument(help="Rows: a path or a world; else those of the fit.")] = None,
    target: Annotated[str | None, typer.Option(help="One target; all if absent.")] = None,
    outcome: Annotated[str | None, typer.Option(help="One outcome; all if absent.")] = None,
    missing: Annotated[str | None, MISSING_OPTION] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="Column of a role, name=column.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the table; in the run if absent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    *,
    reading: "Reading",
    kinds: Mapping[str, str],
) -> None:
    """Tell the effect of each target on each outcome, with its interval and a control.

    Example: aitia effects run --target food --outcome stars
    """
    from aitia.workflow.answers import effects

    folder = place_for(run, "effects", out)
    given: dict[str, Any] = columns(named(context.args), pairs(role))
    given |= {"reading": reading, "kinds": kinds, "missing": missing}
    told(effects(run, rows, target=target, outcome=outcome, **given), folder, as_json, shown=True)
