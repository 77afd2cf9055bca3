"""`aitia bench`: systems side by side on a world, and somebody's own results beside them."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aitia.cli.answer import echo_alarms
from aitia.cli.engines import Where, runs_on_engines
from aitia.cli.fitting_tables import fitting_tables
from aitia.cli.names import pairs
from aitia.cli.progress import progress_bar
from aitia.errors import OptionError

if TYPE_CHECKING:
    from aitia.workflow.board import Bench

__all__ = ["bench_command"]


@runs_on_engines
def bench_command(
    world: Annotated[str, typer.Argument(help="Name of a world, such as pendulum or orca.")],
    systems: Annotated[
        str | None, typer.Option("--systems", "--methods", help="Names of systems between commas.")
    ] = None,
    codes: Annotated[
        str | None, typer.Option(help="Own codes of the test rows: an .npz file; {seed} stands for the seed.")
    ] = None,
    graph: Annotated[str | None, typer.Option(help="An own graph of the latents: a graph file.")] = None,
    counterfactuals: Annotated[
        str | None, typer.Option(help="Own answers to the interventions: a folder with answers.npz.")
    ] = None,
    called: Annotated[str, typer.Option("--as", help="What your own results are called.")] = "own",
    seeds: Annotated[int, typer.Option(help="Seeds a system.")] = 3,
    rows: Annotated[
        int | None, typer.Option(help="Rows for each fit; 1000, or 8 animals of signals, if absent.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Pixels on a side of the world's pictures.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "--set", help="SYSTEM.name=value for one system, name=value for all that have it."),
    ] = None,
    argument: Annotated[list[str] | None, typer.Option("--world", help="An argument of the world, name=value.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the numbers and report.html; resumes there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    where: Where,
) -> None:
    """Fit several systems to a world and score them against its truth, beside what needs no model.

    Example: aitia bench orca --systems causal-motion,gcrl --seeds 3 --jobs 2 --out orca-bench

    Your own, in any language, beside ours on the same rows (aitia world pendulum --seed S writes them):

    aitia bench pendulum --codes "mine-{seed}.npz" --systems causal-vae --out pendulum-bench
    """
    from aitia.system.registry import systems as known
    from aitia.workflow.bench import bench
    from aitia.workflow.source import find_world

    arguments = pairs(argument)
    find_world(world, arguments)
    told = {"codes": codes, "graph": graph, "counterfactuals": counterfactuals}
    own = {name: path for name, path in told.items() if path is not None}
    if systems is None and not own:
        raise OptionError(f"say which systems (--systems a,b); there are {', '.join(known())}")
    with where.opened() as engine, progress_bar(quiet=as_json) as progress:
        found = bench(
            world,
            [name.strip() for name in (systems or "").split(",") if name.strip()],
            own=own,
            called=called,
            seeds=seeds,
            rows=rows,
            size=size,
            options=pairs(option),
            arguments=arguments,
            engine=engine,
            out=out,
            progress=progress,
            command=shlex.join(["aitia", *sys.argv[1:]]),
        )
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    _print(found)
    if out is not None:
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}\nTables: bench.csv and bench.tex beside it")


def _print(found: "Bench") -> None:
    from rich.console import Console

    heads = [f"{m.name} {'↓' if m.better == 'lower' else '↑'}" for m in found.measures]
    lines = found.lines
    cells = [[by.get(m.name, "") for m in found.measures] for _, by, _ in lines]
    title = f"{found.world}: {found.rows} rows, {found.seeds} seed{'s' * (found.seeds > 1)}"
    console = Console(highlight=False)
    for table in fitting_tables([who for who, _, _ in lines], heads, cells, title, console.width):
        console.print(table)
    for sentence in [f"{who}: {why}" for who, _, why in lines if why] + found.notes:
        console.print(sentence, markup=False)
    echo_alarms(found.alarms)
