"""`aitia export`: a fitted system as a plain model that other libraries open."""

from pathlib import Path
from typing import Annotated

import typer

from aitia.cli.names import named

__all__ = ["export_command"]


def export_command(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of a fitted system.")],
    out: Annotated[Path, typer.Option(help="Folder for the model.")],
) -> None:
    """Write a plain model that other libraries open.

    Example: aitia export run --out model
    """
    from aitia.workflow.answers import export

    files = export(run, out, **named(context.args))
    typer.echo(f"The system of {run} as a plain model:")
    for file in files:
        typer.echo(f"  {file.resolve()}")
