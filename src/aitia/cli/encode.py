"""`aitia encode`: the code of each row, by a fitted system."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.answer import place_for, told
from aitia.cli.names import columns, named, pairs
from aitia.cli.tables import MISSING_OPTION, reads_tables

if TYPE_CHECKING:
    from aitia.data.spreadsheet import Reading

__all__ = ["encode_command"]


@reads_tables
def encode_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a fitted system.")],
    rows: Annotated[str | None, typer.Argument(help="Rows: a path or a world; else those of the fit.")] = None,
    missing: Annotated[str | None, MISSING_OPTION] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="Column of a role, name=column.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the codes; in the run if absent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    *,
    reading: "Reading",
    kinds: Mapping[str, str],
) -> None:
    """Give each row its code: a table of numbers, one line a row.

    Example: aitia encode run pictures/ --out codes
    """
    from aitia.workflow.answers import encode

    folder = place_for(run, "encode", out)
    given: dict[str, Any] = columns(named(context.args), pairs(role))
    given |= {"reading": reading, "kinds": kinds, "missing": missing}
    told(encode(run, rows, **given), folder, as_json)
