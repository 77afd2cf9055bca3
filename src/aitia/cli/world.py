"""`aitia world`: rows and interventions of a world, without the truth, for anybody's method."""

from pathlib import Path
from typing import Annotated

import typer

from aitia.cli.names import pairs
from aitia.errors import OptionError

__all__ = ["world_command"]


def world_command(
    name: Annotated[str | None, typer.Argument(help="Name of a world; without one, all are listed.")] = None,
    n: Annotated[int, typer.Option(help="Rows to learn from.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the rows.")] = 0,
    size: Annotated[int, typer.Option(help="Pixels on a side of pictures.")] = 64,
    argument: Annotated[list[str] | None, typer.Option("--world", help="An argument of the world, name=value.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Make it even where it is large, of a world that asks.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for train, test and interventions.json.")] = None,
) -> None:
    """Write rows of a world to learn from, rows to be judged on, and interventions to answer; without the truth.

    Example: aitia world pendulum --n 1000 --out pendulum

    aitia world corr2cause --world most=7 --yes --n 100 --out questions lists all systems of 7 variables first.

    aitia bench pendulum --codes mine.npz judges what another method makes of the test rows.
    """
    from aitia.workflow.source import find_world, takes_argument, world_names

    if name is None:
        typer.echo("\n".join(world_names()))
        return
    arguments = pairs(argument)
    if yes and takes_argument(name, "large"):
        arguments["large"] = "true"
    world = find_world(name, arguments)
    if out is None:
        raise OptionError(f"say where the rows of {name} go (--out DIR)")
    from aitia.workflow.trials import write_trial

    for line in write_trial(world, out, n, seed=seed, size=size, arguments=arguments):
        typer.echo(line)
