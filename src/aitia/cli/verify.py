"""`aitia verify`: measure a paper's claim."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aitia.cli.engines import Where, runs_on_engines
from aitia.cli.progress import progress_bar
from aitia.errors import AitiaError, OptionError

if TYPE_CHECKING:
    from aitia.engine import Engine
    from aitia.evidence import Evidence

__all__ = ["verify_command"]


@runs_on_engines
def verify_command(
    slug: Annotated[str | None, typer.Argument(help="Name of the system, such as cd-nod.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every system, the cheapest first.")] = False,
    seeds: Annotated[int | None, typer.Option(help="Seeds a part; the claim's own number if absent.")] = None,
    first_seed: Annotated[int, typer.Option(help="Where the seeds begin: 100 draws seeds that nobody has seen.")] = 0,
    quick: Annotated[
        bool, typer.Option("--quick", help="First seed only; over two hours, only the cheapest part.")
    ] = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Run the first seed again; renew stored evidence if it comes back.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for the evidence.")] = Path("evidence"),
    ledger: Annotated[
        Path | None, typer.Option(help="Page of all evidence, with --all; ledger.md beside it if absent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    *,
    where: Where,
) -> None:
    """Run a paper's claim beside its baselines and store the evidence.

    Example: aitia verify cd-nod --seeds 5 --jobs 2

    With --all every claim runs, the cheapest first, and the ledger is written again after each; a sweep that was
    stopped goes on with --resume, and runs again nothing that it finished.

    Exit code 1 says that not every judged row holds, or that a replay did not bring back what is stored. Of a quick run
    it says that something could not be run: one seed has no interval.
    """
    from aitia.catalogue import find, systems
    from aitia.workflow.verify import verify

    if (slug is None) == (not everything):
        raise OptionError("say which system to verify, or --all")
    if replay and (quick or resume or first_seed or seeds is not None):
        raise OptionError("a replay runs the first stored seed: leave out --seeds, --first-seed, --quick and --resume")
    slugs = [find(slug).card.slug] if slug is not None else [s.card.slug for s in systems()]
    if ledger is not None and not everything:
        raise OptionError("the ledger is a page of all evidence: --ledger goes with --all")
    if replay and ledger is not None:
        raise OptionError("a replay writes no ledger: leave out --ledger")
    options: dict[str, Any] = {"seeds": seeds, "first_seed": first_seed, "quick": quick, "resume": resume}
    failed = False
    with where.opened() as engine:
        if replay:
            _replay(slugs, out, engine, as_json)
            return
        if slug is not None:
            with progress_bar(quiet=as_json) as progress:
                found = [verify(slugs[0], out, progress=progress, engine=engine, **options)]
            if not as_json:
                _print(found[0])
        else:
            found, failed = _all(_minutes(slugs), out, {**options, "engine": engine, "page": ledger}, quiet=as_json)
    if as_json:
        typer.echo(json.dumps([json.loads(e.to_json()) for e in found], indent=2, ensure_ascii=False))
    if failed or not (quick or all(e.holds for e in found)):
        raise typer.Exit(1)


def _replay(slugs: list[str], out: Path, engine: "Engine", as_json: bool) -> None:
    """Replays what is stored of each system; exits 1 where one could not be, or did not come back."""
    from aitia.workflow.replay import replay

    told, failed = [], False
    for slug in slugs:
        try:
            with progress_bar(quiet=as_json) as progress:
                done = replay(slug, out, engine=engine, progress=progress)
        except AitiaError as error:  # the others can still be replayed
            if len(slugs) == 1:
                raise
            failed = True
            print(f"aitia: {slug}: {error}", file=sys.stderr)
            continue
        failed = failed or bool(done.differs)
        told.append({
            "slug": slug, "stamped": done.stamped, "differs": done.differs, "file": done.file,
            "controls": done.controls, "rows": done.rows,
        })  # fmt: skip
        if not as_json:
            where = (
                "on this machine and these versions, and is stored beside as"
                if not done.stamped
                else "and is stored as"
            )
            verdict = "comes back" if not done.differs else "does not come back, so the claim has to be run again"
            typer.echo(f"{slug}: the first seed {verdict}{f' {where} {done.file}' if done.file else ''}")
            new = (*(f"a negative control is new: {control}" for control in done.controls),
                   *(f"a row is as the claim has it now: {row}" for row in done.rows))  # fmt: skip
            for line in (*done.differs, *new):
                typer.echo(f"  {line}")
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False, default=str))
    if failed:
        raise typer.Exit(1)


def _minutes(slugs: list[str]) -> dict[str, float]:
    """What each claim takes; a system without one is told and left out."""
    from aitia.workflow.verify import claim_of

    minutes = {}
    for slug in slugs:
        try:
            minutes[slug] = claim_of(slug).minutes
        except OptionError as error:
            print(f"aitia: {error}", file=sys.stderr)
    return minutes


def _all(
    minutes: Mapping[str, float], out: Path, options: Mapping[str, Any], *, quiet: bool
) -> "tuple[list[Evidence], bool]":
    """Every claim, the cheapest first: what was measured, and whether one could not be."""
    from aitia.cli.board import live_board
    from aitia.workflow.verify_all import verify_all

    ordered = dict(sorted(minutes.items(), key=lambda item: (item[1], item[0])))
    with live_board(ordered, quiet=quiet, say=_print) as board:
        done = verify_all(ordered, out, told=board, **options)
    if board.live is not None:
        for evidence in done.evidence:
            _print(evidence)
    if not quiet:
        for evidence in done.evidence:
            before = " (measured before the stop)" if evidence.slug in done.kept else ""
            typer.echo(f"{evidence.slug}: {evidence.verdict}{before}")
        for slug in done.failed:
            typer.echo(f"{slug}: could not be run")
    return [*done.evidence], bool(done.failed)


def _print(evidence: "Evidence") -> None:
    from rich.console import Console

    from aitia.workflow.claim_table import evidence_table
    from aitia.workflow.told import marks

    Console().print(evidence_table(evidence))
    for mark in marks(evidence):
        typer.echo(f"  {mark.replace('*', '')}")
