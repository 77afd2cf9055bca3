"""`aitia list` and `aitia show`: the catalogue."""

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["list_command", "show_command"]


def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False) -> None:
    """List the systems that are here.

    Example: aitia list
    """
    from aitia.catalogue import systems
    from aitia.evidence import verdict_of

    if as_json:
        listed = [s.card.to_json() | {"verdict": verdict_of(s.card.slug)} for s in systems()]
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    wide = max(len(s.card.slug) for s in systems())
    for s in systems():
        typer.echo(f"{s.card.slug:<{wide}}  {s.card.year}  {s.card.claim} [measured here: {verdict_of(s.card.slug)}]")


def show_command(
    slug: Annotated[str, typer.Argument(help="Name of the system, such as cd-nod.")],
    evidence: Annotated[
        Path | None, typer.Option(help="Folder of stored evidence; that which ships with aitia if absent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show a system's card, where it lives, and what was last measured of its claim.

    Example: aitia show cd-nod
    """
    from aitia.catalogue import find
    from aitia.evidence import STORED, stored_evidence
    from aitia.workflow.claim_table import evidence_table
    from aitia.workflow.replay import is_stale
    from aitia.workflow.told import marks
    from aitia.workflow.verify import claim_of

    listed = find(slug)
    card, stored = listed.card, stored_evidence(evidence or STORED, slug)
    if as_json:
        measured = None if stored is None else json.loads(stored.to_json())
        typer.echo(json.dumps({"card": card.to_json(), "file": listed.file, "evidence": measured}, indent=2))
        return
    typer.echo(f"{card.title}\n{', '.join(card.authors)}. {card.venue}, {card.year}. {card.source}\n")
    typer.echo(f"Claim: {card.claim}\nFile:  {listed.file}")
    typer.echo(f"Check: aitia verify {slug}  (about {_minutes(claim_of(slug).minutes)})")
    if stored is None:
        typer.echo(f"\nNothing is stored in {evidence}." if evidence else "\nIt was not run here.")
    else:
        typer.echo("")
        _print(evidence_table(stored))
        for mark in marks(stored, stale=is_stale(stored)):
            typer.echo(f"  {mark.replace('*', '')}")


def _minutes(value: float) -> str:
    return "a minute" if value <= 1 else f"{value:.0f} minutes"


def _print(table: object) -> None:
    from rich.console import Console

    Console().print(table)
