"""Verify: the claim of a system measured on this machine, into the workspace, beside what is stored of it."""

from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, JSONResponse

from aitia.errors import FormatError, OptionError
from aitia.evidence import Evidence
from aitia.evidence.store import stored_evidence
from aitia.studio.measured import evidence_of
from aitia.studio.pages import page
from aitia.system.registry import find
from aitia.workflow.told import asked, found, marks

__all__ = ["evidence_in", "page_of", "router", "rows_of", "seconds_of"]

router = APIRouter()


class Verified(BaseModel):
    """How much of a claim is measured."""

    seeds: Literal["first", "all"] = "first"


@router.post("/systems/{slug}/verify")
def verify(request: Request, slug: str, form: Verified) -> JSONResponse:
    """Starts the measurement of a claim."""
    card, workspace = find(slug).card, request.app.state.workspace
    if not card.claim:
        raise OptionError(f"{slug} has no claim to verify")
    run = workspace.new_run(f"verify-{slug}")
    quick = ["--quick"] if form.seeds == "first" else []
    words = ["verify", slug, *quick, "--resume", "--out", f"runs/{run}"]
    request.app.state.jobs.submit(f"verify {slug}, {form.seeds} seed{'s' if form.seeds == 'all' else ''}", words, run)
    return JSONResponse({"go": f"/runs/{run}"})


def evidence_in(path: Path) -> Evidence | None:
    """The evidence that a job left in its folder; None where there is none."""
    for file in sorted(path.glob("*.json")):
        try:
            return stored_evidence(path, file.stem)
        except FormatError:
            continue
    return None


def page_of(request: Request, name: str, evidence: Evidence, line: str) -> HTMLResponse:
    """What was measured, row by row, beside what is stored of the same."""
    stored = evidence_of(evidence.slug)
    shipped = {} if stored is None else {_key(row): row["found"] for row in rows_of(stored)}
    rows = [{**row, "stored": shipped.get(_key(row), "")} for row in rows_of(evidence)]
    return page(
        request, "evidence.html", title=name, name=name, line=line, evidence=evidence, rows=rows,
        marks=[mark.replace("*", "") for mark in marks(evidence)], date="" if stored is None else stored.date,
    )  # fmt: skip


def rows_of(evidence: Evidence) -> list[dict[str, str]]:
    """Every comparison in words."""
    return [
        {"part": row.part, "metric": row.metric, "asked": asked(one, row), "found": found(one, row),
         "verdict": str(one.verdict)}
        for row in evidence.rows
        for one in row.judged
    ]  # fmt: skip


def seconds_of(evidence: Evidence | None) -> float:
    """How long a claim took when it was measured; 0 where nobody knows, or that run went on from another."""
    return 0.0 if evidence is None or evidence.resumed else evidence.seconds


def _key(row: dict[str, str]) -> tuple[str, str, str]:
    return row["part"], row["metric"], row["asked"]
