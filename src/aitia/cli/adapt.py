"""`aitia adapt`: a fitted system adapted to a few rows of a new environment."""

from pathlib import Path
from typing import Annotated

import typer

from aitia.cli.names import columns, named, pairs

__all__ = ["adapt_command"]


def adapt_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a fitted system.")],
    rows: Annotated[str, typer.Argument(help="A few rows of the new environment: a path or a world.")],
    out: Annotated[Path, typer.Option(help="Folder for the adapted system.")],
    role: Annotated[list[str] | None, typer.Option("--role", help="Column of a role, name=column.")] = None,
) -> None:
    """Adapt a fitted system to a few rows of a new environment; the run itself stays as it is.

    Example: aitia adapt run few-scenes/ --out adapted
    """
    from aitia.workflow.answers import adapt

    system = adapt(run, rows, out, **columns(named(context.args), pairs(role)))
    typer.echo(
        f"{system.card.slug} of {run} adapted to {rows}: {out.resolve()}\nAsk it with aitia do {out} ... --data ROWS"
    )
