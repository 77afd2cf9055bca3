"""`aitia encode`: the code of each row, by a fitted system."""

from pathlib import Path
from typing import Annotated

import typer

from aitia.cli.answer import place_for, told
from aitia.cli.names import columns, named, pairs

__all__ = ["encode_command"]


def encode_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a fitted system.")],
    rows: Annotated[str | None, typer.Argument(help="Rows: a path or a world; else those of the fit.")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="Column of a role, name=column.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the codes; in the run if absent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Give each row its code: a table of numbers, one line a row.

    Example: aitia encode run pictures/ --out codes
    """
    from aitia.workflow.answers import encode

    folder = place_for(run, "encode", out)
    told(encode(run, rows, **columns(named(context.args), pairs(role))), folder, as_json)
