"""`aitia demo`: the main job on real data whose answer a reader can look up, and on a table whose graph is known.

Every sentence about a result is made from it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aitia.cli.progress import progress_bar

if TYPE_CHECKING:
    from aitia.discovery import Discovery
    from aitia.graph import Graph

__all__ = ["HISTORY", "demo_command", "told"]

HISTORY = (
    (1971.5, 1974.25, "price controls from August 1971 to April 1974, and the first oil crisis"),
    (1979.75, 1983.0, "the Federal Reserve under Volcker, from October 1979 to the end of 1982"),
)
"""What stands in books on those years: beginning, end, what it was."""


def demo_command(
    out: Annotated[Path, typer.Option(help="Folder for the two reports.")] = Path("demo"),
    bootstrap: Annotated[int, typer.Option(help="Halves of the rows that say how sure each edge is.")] = 100,
    jobs: Annotated[int, typer.Option(help="Cores; they do not change the result.")] = 1,
) -> None:
    """Show a causal graph of fifty years of the US economy, what changed when, and a graph whose truth is known.

    Example: aitia demo --out demo
    """
    from aitia.data.shipped import data_path
    from aitia.discovery import discover
    from aitia.discovery.agreement import agreement
    from aitia.discovery.save import need_pyarrow
    from aitia.discovery.sureness import sureness
    from aitia.graph import cpdag
    from aitia.graph.formats import read_bif

    need_pyarrow()
    macro, survey = out / "us-macro", out / "survey"
    typer.echo(
        "1. Real data: the United States, 202 quarters from 1959 to 2009. What causes what, what changed when?\n"
    )
    line = f"aitia discover us-macro --context quarter --bootstrap {bootstrap} --out {macro}"
    with progress_bar() as progress:
        found = discover(
            "us-macro", context="quarter", bootstrap=bootstrap, jobs=jobs, out=macro, progress=progress,
            command=line,
        )  # fmt: skip
    typer.echo(f"    {line}\n\n{found.graph.to_text()}\n")
    typer.echo("\n".join([*told(found), *agreement(found).sentences(), "", *sureness(found)]))

    typer.echo("\n2. Known truth: 20,000 rows drawn from the survey network (Scutari and Denis 2014).\n")
    network = read_bif(data_path("survey.bif"))
    rows = network.sample(20_000, seed=0)
    known = discover(rows, alpha=0.01, bootstrap=bootstrap, jobs=jobs, out=survey, command="aitia demo")
    graph = known.graph
    typer.echo(f"{graph.to_text()}\n")
    typer.echo("\n".join([*sureness(known), ""]))
    typer.echo("\n".join(_compared(cpdag(network.graph), graph)))
    typer.echo(f"\nReports: {(macro / 'report.html').resolve()}\n         {(survey / 'report.html').resolve()}")


def told(found: "Discovery") -> list[str]:
    """What changes, when each mechanism moves fastest, and what books say of those years."""
    names = ", ".join(f"{c.variable} (p = {c.p_value:.2g})" for c in found.changing)
    lines = [f"Mechanisms that change with {found.context}: {names or 'none'}."]
    for name, windows in found.fastest.items():
        for k, (start, end) in enumerate(windows):
            known = [what for begin, stop, what in HISTORY if start < stop and end > begin]
            when = f"{'moves fastest' if k == 0 else 'and then'} between {start:g} and {end:g}"
            lines.append(f"{name if k == 0 else ' ' * len(name)} {when}{': ' if known else ''}{'; '.join(known)}")
    return lines


def _compared(true: "Graph", found: "Graph") -> list[str]:
    from aitia.graph import adjacency_scores, shd

    scores = adjacency_scores(true, found)
    lines = [
        f"Against the true CPDAG: edges found with precision {scores.precision:.2f} and recall {scores.recall:.2f}, "
        f"SHD {shd(true, found)}."
    ]
    turned = [str(e) for e in found.edges if true.has_edge(e.left, e.right) and e not in true.edges]
    return [*lines, f"Marked otherwise than in the true one: {'; '.join(turned)}."] if turned else lines
