"""`aitia capabilities`: latent capabilities and their order from a leaderboard."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from aitia.cli.progress import progress_bar

__all__ = ["capabilities_command"]


def capabilities_command(
    table: Annotated[
        str, typer.Argument(help="A CSV, TSV, Parquet or Arrow file, a folder of results, a Hub data set.")
    ],
    group: Annotated[str | None, typer.Option(help="Column of the base model; found from the names if absent.")] = None,
    score: Annotated[
        list[str] | None, typer.Option(help="Column of a score; all that look like one if absent.")
    ] = None,
    name: Annotated[list[str] | None, typer.Option(help="Column of names, the most telling first.")] = None,
    rules: Annotated[Path | None, typer.Option(help="CSV of rules: base, pattern. The package's if absent.")] = None,
    factors: Annotated[int, typer.Option(help="Latents.")] = 3,
    least_rows: Annotated[int, typer.Option(help="Groups with fewer are left out.")] = 100,
    bootstrap: Annotated[int, typer.Option(help="Resamples behind shares and intervals.")] = 100,
    drop_merged: Annotated[bool, typer.Option(help="Leave out merged models, which have two parents.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for capabilities.json and report.html.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Find latent capabilities behind scores, their causal order, and its weights in each base model.

    Example: aitia capabilities leaderboard.csv --group base --factors 3 --out capabilities-run
    """
    from aitia.discovery.capabilities import capabilities

    with progress_bar(quiet=as_json) as progress:
        found = capabilities(
            table,
            group=group,
            scores=score or (),
            names=name or ("fullname", "Base Model"),
            rules=rules,
            drop_merged=drop_merged,
            progress=progress,
            factors=factors,
            least_rows=least_rows,
            resamples=bootstrap,
            seed=seed,
        )
    path = None if out is None else found.write(out, shlex.join(["aitia", *sys.argv[1:]]))
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    typer.echo(str(found))
    if path is not None:
        typer.echo(f"\nReport: {path.resolve()}")
