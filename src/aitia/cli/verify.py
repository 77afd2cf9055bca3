"""`aitia verify`: measure a paper's claim."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.board import live_board
from aitia.cli.progress import progress_bar
from aitia.errors import AitiaError, OptionError

if TYPE_CHECKING:
    from aitia.evidence import Evidence

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
    from aitia.workflow.verify import claim_of, verify

    if (slug is None) == (not everything):
        raise OptionError("say which system to verify, or --all")
    options: dict[str, Any] = {"seeds": seeds, "jobs": jobs, "resume": resume}
    failed = False
    if slug is not None:
        with progress_bar(quiet=as_json) as progress:
            found = [verify(find(slug).card.slug, out, progress=progress, **options)]
        if not as_json:
            _print(found[0])
    else:
        minutes = {s.card.slug: claim_of(s.card.slug).minutes for s in systems()}
        found, failed = _all(minutes, out, options, quiet=as_json)
    if as_json:
        typer.echo(json.dumps([json.loads(e.to_json()) for e in found], indent=2, ensure_ascii=False))
    if failed or not all(e.holds for e in found):
        raise typer.Exit(1)


def _all(
    minutes: Mapping[str, float], out: Path, options: Mapping[str, Any], *, quiet: bool
) -> "tuple[list[Evidence], bool]":
    """Every claim, the cheapest first: what was measured, and whether one could not be."""
    from aitia.workflow.verify import verify

    found, failed = [], False
    with live_board(dict(sorted(minutes.items(), key=lambda item: (item[1], item[0]))), quiet=quiet) as board:
        for slug in board.minutes:
            try:
                evidence = verify(slug, out, progress=board.progress(slug), **options)
            except AitiaError as error:  # the others can still be measured
                failed = True
                board.stopped(slug, error)
                continue
            found.append(evidence)
            board.finished(slug, evidence)
            if not quiet and board.live is None:
                _print(evidence)
    if board.live is not None:
        for evidence in found:
            _print(evidence)
    return found, failed


def _print(evidence: "Evidence") -> None:
    from rich.console import Console

    from aitia.workflow.claim_table import evidence_table

    Console().print(evidence_table(evidence))
