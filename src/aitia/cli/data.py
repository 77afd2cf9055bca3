"""`aitia data`: data sets that have a name, and how to give one to what may not be shipped."""

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["data_app"]

data_app = typer.Typer(
    invoke_without_command=True,
    help="List the data sets that have a name, with source and licence; a name stands wherever a table is taken.\n\n"
    "Example: aitia data, then aitia discover us-macro --context quarter",
)


@data_app.callback()
def data_command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """List the data sets that have a name, with source and licence; a name stands wherever a table is taken.

    Example: aitia data, then aitia discover us-macro --context quarter
    """
    if context.invoked_subcommand is not None:
        return
    from aitia.data.named import named_data

    known = named_data().values()
    if as_json:
        told = [
            {"name": d.name, "path": str(d.path), "about": d.about, "source": d.source, "licence": d.licence,
             "sha256": d.checksum} for d in known
        ]  # fmt: skip
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    for d in known:
        typer.echo(f"{d.name}\n  {d.about}\n  source: {d.source}\n  licence: {d.licence}")
    typer.echo("\naitia data add NAME FOLDER gives a name to data of yours, or to what may not be shipped.")


@data_app.command("add")
def add_command(
    name: Annotated[str, typer.Argument(help="Small letters, digits and hyphens, such as eth-ucy.")],
    folder: Annotated[Path, typer.Argument(help="The file or folder; it stays where it is.")],
) -> None:
    """Give a file or folder a name on this machine; it is refused later where it is no longer the same.

    Example: aitia data add eth-ucy datasets/eth_ucy
    """
    from aitia.data.named import register

    added = register(name, folder)
    typer.echo(f"{added.name} is {added.path}\nsha256 {added.checksum}")
