"""`aitia do`: what an intervention would change, from a discovery."""

import json
from pathlib import Path
from typing import Annotated

import typer

from aitia.cli.progress import progress_bar
from aitia.errors import OptionError

__all__ = ["do_command"]


def do_command(
    run: Annotated[Path, typer.Argument(help="Folder of a discovery, or a table with --graph.")],
    intervention: Annotated[str, typer.Argument(help='Such as "do(x=1)" or "do(x=shift(0.5), site=north)".')],
    outcome: Annotated[str, typer.Option(help="Variable to watch.")],
    against: Annotated[str | None, typer.Option(help="What to compare with; the system left alone if absent.")] = None,
    label: Annotated[str | None, typer.Option(help="Label whose share is reported, for an outcome of labels.")] = None,
    graph: Annotated[Path | None, typer.Option(help="Graph file to use in place of the one found.")] = None,
    resamples: Annotated[int, typer.Option(help="Bootstrap samples behind the interval.")] = 200,
    confidence: Annotated[float, typer.Option(help="Coverage of the interval.")] = 0.95,
    jobs: Annotated[int, typer.Option(help="Cores; they do not change the result.")] = 1,
    seed: Annotated[int, typer.Option(help="Of noise and bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Fit the mechanisms of a graph to its table and report what an intervention changes, with an interval.

    Example: aitia do visits-run "do(dose=2)" --against "do(dose=1)" --outcome recovery
    """
    from aitia.discovery import estimate_effect, load_discovery
    from aitia.do import Intervention
    from aitia.engine import LocalEngine
    from aitia.graph.formats import read_graph
    from aitia.table import read_table

    if run.is_dir():
        saved = load_discovery(run)
        table, found = saved.table, saved.graph
    elif graph is not None:
        table, found = read_table(run), None
    else:
        raise OptionError(f"{run} is no folder of a discovery; for a table, say which graph to use (--graph FILE)")
    chosen = read_graph(graph) if graph is not None else found
    assert chosen is not None
    with progress_bar(quiet=as_json) as progress:
        answer = estimate_effect(
            chosen,
            table,
            Intervention.parse(intervention),
            outcome,
            against=None if against is None else Intervention.parse(against),
            label=label,
            resamples=resamples,
            confidence=confidence,
            seed=seed,
            engine=LocalEngine(jobs),
            progress=progress,
        )
    typer.echo(json.dumps(answer.to_json(), indent=2, ensure_ascii=False) if as_json else f"{answer}\n{answer.because}")
