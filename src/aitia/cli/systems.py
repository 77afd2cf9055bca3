"""`aitia list` and `aitia show`: the systems that are here, read from their cards."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aitia.card import Card
    from aitia.evidence import Evidence
    from aitia.system.registry import Entry

__all__ = ["list_command", "show_command"]


def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False) -> None:
    """List the systems that are here: what do is, verbs, data, extra and subjects, and what was measured here.

    Example: aitia list
    """
    from aitia.system.registry import broken, systems

    entries = systems()
    if as_json:
        listed = [
            e.card.to_json() | {"package": e.package, "file": e.file, "verdict": _verdict(slug)}
            for slug, e in entries.items()
        ]
        odd = [{"name": b.name, "why": b.why} for b in broken()]
        typer.echo(json.dumps({"systems": listed, "broken": odd}, indent=2, ensure_ascii=False))
        return
    heads = ("system", "year", "do", "verbs", "data", "needs", "measured here")
    lines = [heads, *(_line(e.card) for e in entries.values())]
    wide = [max(len(line[k]) for line in lines) for k in range(len(heads))]
    for line in lines:
        typer.echo("  ".join(f"{cell:<{w}}" for cell, w in zip(line, wide, strict=True)).rstrip())
    papers = sum(e.card.member_of is None for e in entries.values())
    typer.echo(f"\n{papers} papers; {len(entries) - papers} members. aitia show SYSTEM tells more of one.")
    typer.echo('aitia feed search "a need in your own words" --systems finds one.')
    for b in broken():
        typer.echo(f"Broken: {b.name}: {b.why}")


def _line(card: "Card") -> tuple[str, ...]:
    needs = [*([f"[{card.extra}]"] if card.extra else []), *(f"--{n}" for n, s in card.subjects.items() if s.needed)]
    member = f" ({card.member_of})" if card.member_of else ""
    return (
        f"{card.slug}{member}",
        str(card.year),
        card.does or ("predicts" if "predict" in card.verbs else "-"),
        ", ".join(card.verbs) or "-",
        ", ".join(card.rows) or "-",
        " ".join(needs) or "-",
        _verdict(card.slug) if card.member_of is None else "-",
    )


def _verdict(slug: str) -> str:
    """What was measured of its claim."""
    from aitia.evidence import verdict_of

    return verdict_of(slug)


def show_command(
    slug: Annotated[str, typer.Argument(help="Name of the system, such as cd-nod, or folder of a run.")],
    evidence: Annotated[
        Path | None, typer.Option(help="Folder of stored evidence; that which ships with aitia if absent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show a system's card, where it lives, what it takes and answers, and what was last measured of its claim.

    Example: aitia show cd-nod

    Of the folder of a run: who works in it, how one that was stopped goes on, and whether its files are unharmed.
    """
    from aitia.cli.run_folder import is_run, show_run
    from aitia.system.registry import find, systems

    if slug not in systems() and is_run(Path(slug)):
        show_run(Path(slug), as_json)
        return
    entry = find(slug)
    card, stored = entry.card, _stored(evidence, slug)
    if as_json:
        measured = None if stored is None else json.loads(stored.to_json())
        told = {"card": card.to_json(), "file": entry.file, "evidence": measured}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    typer.echo("\n".join(_card_lines(entry)))
    if stored is None:
        nothing = "It was not run here." if evidence is None else f"Nothing is stored in {evidence}."
        typer.echo(f"\n{nothing}" if card.claim else "")
    else:
        from rich.console import Console

        from aitia.workflow.claim_table import evidence_table
        from aitia.workflow.replay import is_stale
        from aitia.workflow.told import marks

        typer.echo("")
        Console().print(evidence_table(stored))
        for mark in marks(stored, stale=is_stale(stored)):
            typer.echo(f"  {mark.replace('*', '')}")


def _card_lines(entry: "Entry") -> list[str]:
    from aitia.cli.describe import takes_lines

    card = entry.card
    lines = [f"{card.title}", f"{', '.join(card.authors)}. {card.venue}, {card.year}. {card.source}", ""]
    lines += [f"Claim:  {card.claim}"] if card.claim else []
    lines += [f"Part of {card.member_of}"] if card.member_of else []
    lines += [f"File:   {entry.file}", f"Task:   {card.task}", f"Data:   {', '.join(card.rows) or 'none'}"]
    lines += [f"do:     {card.does or 'sets nothing'}. {card.do}", f"Verbs:  {', '.join(card.verbs) or '-'}"]
    lines += [f"  no {verb}: {why}" for verb, why in card.absent.items()]
    lines += takes_lines(card)
    lines += ["", f"Run:    aitia run {card.slug} --help"]
    lines += [f"Check:  aitia verify {card.slug}"] if card.claim else []
    return [*lines, f"Needs:  pip install 'aitia[{card.extra}]'"] if card.extra else lines


def _stored(folder: Path | None, slug: str) -> "Evidence | None":
    from aitia.evidence import STORED, stored_evidence

    return stored_evidence(folder or STORED, slug)
