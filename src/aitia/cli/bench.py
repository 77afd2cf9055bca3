"""`aitia bench`: methods side by side on a world."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aitia.cli.progress import progress_bar
from aitia.errors import OptionError

if TYPE_CHECKING:
    from aitia.workflow.bench import Bench

__all__ = ["bench_command"]


def bench_command(
    world: Annotated[str, typer.Argument(help="Name of a world, such as pendulum or orca.")],
    methods: Annotated[str | None, typer.Option(help="Names of methods between commas.")] = None,
    seeds: Annotated[int, typer.Option(help="Seeds a method.")] = 3,
    rows: Annotated[
        int | None, typer.Option(help="Rows for each fit; 1000, or 8 animals of traces, if absent.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Pixels on a side of the world's pictures.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", help="METHOD.name=value for one method, name=value for all that have it."),
    ] = None,
    argument: Annotated[list[str] | None, typer.Option("--world", help="An argument of the world, name=value.")] = None,
    jobs: Annotated[int, typer.Option(help="Processes; they do not change the result.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for the numbers and report.html; resumes there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Fit several methods to a world and score them against its truth, beside what needs no model.

    Example: aitia bench orca --methods causal-motion,gcrl --seeds 3 --jobs 2 --out orca-bench
    """
    from aitia.workflow import find_world, method_names
    from aitia.workflow.bench import bench
    from aitia.workflow.options import split_options

    arguments = split_options(argument or [])
    find_world(world, arguments)
    if methods is None:
        raise OptionError(f"say which methods (--methods a,b); there are {', '.join(method_names())}")
    with progress_bar(quiet=as_json) as progress:
        found = bench(
            world,
            [name.strip() for name in methods.split(",") if name.strip()],
            seeds=seeds,
            rows=rows,
            size=size,
            options=split_options(option or []),
            arguments=arguments,
            jobs=jobs,
            out=out,
            progress=progress,
            command=shlex.join(["aitia", *sys.argv[1:]]),
        )
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    _print(found)
    if out is not None:
        typer.echo(f"\nReport: {(out / 'report.html').resolve()}")


def _print(found: "Bench") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        title=f"{found.world}: {found.rows} rows, {found.seeds} seed{'s' * (found.seeds > 1)}", title_justify="left"
    )
    for head in ["", *[f"{m.name} {'↓' if m.better == 'lower' else '↑'}" for m in found.measures]]:
        table.add_column(head)
    for who, cells, _ in found.lines:
        table.add_row(who, *[cells.get(m.name, "") for m in found.measures])
    failed = [escape(f"{who}: {why}") for who, _, why in found.lines if why]
    table.caption, table.caption_justify = "\n".join(failed) or None, "left"
    Console().print(table)
