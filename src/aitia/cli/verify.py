"""`aitia verify`: measure a paper's claim."""

import json
from pathlib import Path
from typing import Annotated

import typer

from aitia.cli.progress import progress_bar
from aitia.errors import OptionError

__all__ = ["verify_command"]


def verify_command(
    slug: Annotated[str | None, typer.Argument(help="Name of the system, such as cd-nod.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every system, the cheapest first.")] = False,
    seeds: Annotated[int | None, typer.Option(help="Seeds a part; the claim's own number if absent.")] = None,
    jobs: Annotated[int, typer.Option(help="Processes; they do not change the result.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for the evidence.")] = Path("evidence"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Run a paper's claim beside its baselines and store the evidence.

    Example: aitia verify cd-nod --seeds 5 --jobs 2

    Exit code 1 says that some part does not hold.
    """
    from aitia.catalogue import find, systems
    from aitia.claims import claim_of, verify

    if (slug is None) == (not everything):
        raise OptionError("say which system to verify, or --all")
    slugs = [s.card.slug for s in systems()] if slug is None else [find(slug).card.slug]
    found = []
    for name in sorted(slugs, key=lambda s: (claim_of(s).minutes, s)):
        with progress_bar(quiet=as_json) as progress:
            evidence = verify(name, out, seeds=seeds, jobs=jobs, resume=resume, progress=progress)
        found.append(evidence)
        if not as_json:
            _print(evidence)
    if as_json:
        typer.echo(json.dumps([json.loads(e.to_json()) for e in found], indent=2, ensure_ascii=False))
    if not all(e.holds for e in found):
        raise typer.Exit(1)


def _print(evidence: object) -> None:
    from rich.console import Console

    from aitia.claims.table import evidence_table

    Console().print(evidence_table(evidence))  # type: ignore[arg-type]
