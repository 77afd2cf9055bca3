"""The systems: by what they do, and a page each, all from their cards, options and stored evidence."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from aitia.feed.bm25 import words
from aitia.feed.items import SYSTEM
from aitia.studio.measured import evidence_of, told_of
from aitia.studio.pages import command, page
from aitia.studio.routes.verify import rows_of, seconds_of
from aitia.system.registry import Entry, find, systems
from aitia.workflow.schema import options_of

router = APIRouter()


NEAREST = 12
"""Systems that are shown for a need."""


def _named(entry: Entry, query: str) -> bool:
    """Whether a system is asked for by its name, or by those of its authors."""
    told = " ".join([entry.card.slug, *entry.card.authors]).lower()
    return all(word in told for word in query.lower().split())


@router.get("/systems")
def catalogue(request: Request, q: str = "") -> HTMLResponse:
    """All systems; or those of this name first, then those whose cards are nearest to what is said."""
    entries, papers = systems(), request.app.state.papers
    reasons, by = dict.fromkeys(entries, ""), ""
    if q.strip():
        reasons = {slug: "" for slug, entry in entries.items() if _named(entry, q)}
        if words(q):
            by = papers.searcher(SYSTEM).by
            for hit in papers.search(q, NEAREST, SYSTEM, SYSTEM):
                if hit.item.slug in entries:
                    reasons.setdefault(hit.item.slug, hit.reason)
    shown = [
        {"card": entries[slug].card, "reason": reason,
         "verdict": told_of(slug) if entries[slug].card.claim else ""}
        for slug, reason in reasons.items()
    ]  # fmt: skip
    return page(request, "systems.html", title="Systems", q=q, systems=shown, by=by)


@router.get("/systems/{slug}")
def system(request: Request, slug: str) -> HTMLResponse:
    """A system: what it takes, does and answers, its options, and what was measured."""
    entry = find(slug)
    card = entry.card
    evidence = evidence_of(card.slug) if card.claim else None
    rows = [] if evidence is None else rows_of(evidence)
    out = ["--out", f"{card.slug}-run"]
    said = ["run", card.slug, *(["--data", "DATA"] if card.rows else [])]
    said += [part for name, told in card.subjects.items() if told.needed for part in (f"--{name}", name.upper())]
    return page(
        request, "system.html", title=card.slug, card=card, options=options_of(entry.config()), rows=rows,
        evidence=evidence, line=command([*said, *out]), verify=command(["verify", card.slug]),
        example=command(["run", card.slug, "--example", *out]),
        seconds=seconds_of(evidence),
    )  # fmt: skip


@router.post("/systems/{slug}/example")
def example(request: Request, slug: str) -> JSONResponse:
    """Runs a system on its own example."""
    card, workspace = find(slug).card, request.app.state.workspace
    run = workspace.new_run(card.slug)
    said = ["run", card.slug, "--example", "--out", f"runs/{run}"]
    request.app.state.jobs.submit(f"{card.slug} on its example", said, run)
    return JSONResponse({"go": f"/runs/{run}"})
