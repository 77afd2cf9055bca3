"""The ledger: what was measured of each claim, drawn."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from aitia.catalogue import systems
from aitia.evidence import STORED
from aitia.evidence.store import stored_evidence
from aitia.studio.pages import page
from aitia.studio.routes.verify import seconds_of

router = APIRouter()
VERDICTS = ("holds", "open", "fails", "ungraded")


@router.get("/ledger")
def ledger(request: Request) -> HTMLResponse:
    """Every claim with how many of its comparisons hold."""
    shown = []
    for entry in systems():
        evidence = stored_evidence(STORED, entry.card.slug)
        counts = dict.fromkeys(VERDICTS, 0)
        for one in evidence.judged if evidence is not None else ():
            counts[one.verdict] += 1
        shown.append({"card": entry.card, "counts": counts, "all": sum(counts.values()),
                      "minutes": seconds_of(evidence) / 60})  # fmt: skip
    return page(request, "ledger.html", title="Ledger", systems=shown, verdicts=VERDICTS)
