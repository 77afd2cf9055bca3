"""`aitia predict`: the holes of rows, filled by a fitted system."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.answer import place_for, told
from aitia.cli.names import columns, named, pairs
from aitia.cli.tables import MISSING_OPTION, reads_tables

if TYPE_CHECKING:
    from aitia.data.spreadsheet import Reading

__all__ = ["predict_command"]


@reads_tables
def predict_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a fitted system.")],
    rows: Annotated[str | None, typer.Argument(help="Rows with holes: a path or a world; else of the fit.")] = None,
    do: Annotated[str | None, typer.Option("--do", help='An intervention that holds, such as "do(x=1)".')] = None,
    draws: Annotated[int, typer.Option(help="Answers a row.")] = 1,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    missing: Annotated[str | None, MISSING_OPTION] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="Column of a role, name=column.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the rows; in the run if absent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    *,
    reading: "Reading",
    kinds: Mapping[str, str],
) -> None:
    """Fill the holes of rows: empty cells of the columns that the system fills, or no such column at all.

    Example: aitia predict run new-rows.csv --draws 5
    """
    from aitia.workflow.answers import predict

    folder = place_for(run, "predict", out)
    given: dict[str, Any] = columns(named(context.args), pairs(role))
    given |= {"reading": reading, "kinds": kinds, "missing": missing}
    told(predict(run, rows, do=do, draws=draws, seed=seed, **given), folder, as_json)
