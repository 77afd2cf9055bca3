"""The ledger: what was measured of each claim, drawn."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from aitia.catalogue import systems
from aitia.studio.measured import counts_of, evidence_of
from aitia.studio.pages import page
from aitia.studio.routes.verify import seconds_of

router = APIRouter()
VERDICTS = ("holds", "open", "fails", "ungraded")


@router.get("/ledger")
def ledger(request: Request) -> HTMLResponse:
    """Every claim with how many of its comparisons hold."""
    shown = []
    for entry in systems():
        counts = {**dict.fromkeys(VERDICTS, 0), **counts_of(entry.card.slug)}
        minutes = seconds_of(evidence_of(entry.card.slug)) / 60
        shown.append({"card": entry.card, "counts": counts, "all": sum(counts.values()), "minutes": minutes})
    return page(request, "ledger.html", title="Ledger", systems=shown, verdicts=VERDICTS)
