"""`aitia adapt`: a fitted system adapted to a few rows of a new environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.names import columns, named, pairs
from aitia.cli.tables import MISSING_OPTION, reads_tables

if TYPE_CHECKING:
    from aitia.data.spreadsheet import Reading

__all__ = ["adapt_command"]


@reads_tables
def adapt_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a fitted system.")],
    rows: Annotated[str, typer.Argument(help="A few rows of the new environment: a path or a world.")],
    out: Annotated[Path, typer.Option(help="Folder for the adapted system.")],
    missing: Annotated[str | None, MISSING_OPTION] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="Column of a role, name=column.")] = None,
    *,
    reading: "Reading",
    kinds: Mapping[str, str],
) -> None:
    """Adapt a fitted system to a few rows of a new environment; the run itself stays as it is.

    Example: aitia adapt run few-scenes/ --out adapted
    """
    from aitia.workflow.answers import adapt

    given: dict[str, Any] = columns(named(context.args), pairs(role))
    given |= {"reading": reading, "kinds": kinds, "missing": missing}
    system = adapt(run, rows, out, **given)
    typer.echo(
        f"{system.card.slug} of {run} adapted to {rows}: {out.resolve()}\nAsk it with aitia do {out} ... --data ROWS"
    )
