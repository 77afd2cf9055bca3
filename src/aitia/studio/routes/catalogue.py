"""The systems: by what they do, and a page each, all from their cards, options and stored evidence."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from aitia.evidence import STORED, verdict_of
from aitia.evidence.store import stored_evidence
from aitia.studio.pages import command, page
from aitia.studio.routes.verify import rows_of, seconds_of
from aitia.system.registry import Entry, find, systems
from aitia.workflow.schema import options_of

router = APIRouter()


def _told(entry: Entry) -> str:
    """All words of a card, by which it is looked for."""
    card = entry.card
    return " ".join([card.slug, card.title, card.task, card.claim, *card.authors, *card.verbs]).lower()


@router.get("/systems")
def catalogue(request: Request, q: str = "") -> HTMLResponse:
    """The systems whose cards hold all of these words."""
    words = q.lower().split()
    held = [entry for entry in systems().values() if all(word in _told(entry) for word in words)]
    shown = [{"card": entry.card, "verdict": verdict_of(entry.card.slug) if entry.card.claim else ""} for entry in held]
    return page(request, "systems.html", title="Systems", q=q, systems=shown)


@router.get("/systems/{slug}")
def system(request: Request, slug: str) -> HTMLResponse:
    """A system: what it takes, does and answers, its options, and what was measured."""
    entry = find(slug)
    card = entry.card
    evidence = stored_evidence(STORED, card.slug) if card.claim else None
    rows = [] if evidence is None else rows_of(evidence)
    out = ["--out", f"{card.slug}-run"]
    words = ["run", card.slug, *(["--data", "DATA"] if card.rows else [])]
    words += [part for name, told in card.subjects.items() if told.needed for part in (f"--{name}", name.upper())]
    return page(
        request, "system.html", title=card.slug, card=card, options=options_of(entry.config()), rows=rows,
        evidence=evidence, line=command([*words, *out]), verify=command(["verify", card.slug]),
        example=command(["run", card.slug, "--example", *out]),
        seconds=seconds_of(evidence),
    )  # fmt: skip


@router.post("/systems/{slug}/example")
def example(request: Request, slug: str) -> JSONResponse:
    """Runs a system on its own example."""
    card, workspace = find(slug).card, request.app.state.workspace
    run = workspace.new_run(card.slug)
    words = ["run", card.slug, "--example", "--out", f"runs/{run}"]
    request.app.state.jobs.submit(f"{card.slug} on its example", words, run)
    return JSONResponse({"go": f"/runs/{run}"})
