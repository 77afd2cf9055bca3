"""A system fitted to rows of one's own: the form that its card and Config make, and the job that it starts."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from starlette.responses import HTMLResponse, JSONResponse

from aitia.data.tables import TABLES, read_table
from aitia.errors import AitiaError
from aitia.studio.form import fields_of, fit_words
from aitia.studio.pages import page
from aitia.studio.places import TABLE, table_place, tables_of, worlds_of
from aitia.system.registry import find
from aitia.workflow.missing import MISSING

router = APIRouter()
Form = Annotated[dict[str, str], Body(max_length=400)]
"""Fields by name, all of them text."""


@router.get("/systems/{slug}/fit")
def form(request: Request, slug: str, data: str = "") -> HTMLResponse:
    """The form; with the columns of a table where one is chosen."""
    entry, workspace = find(slug), request.app.state.workspace
    columns, fault = [], ""
    if data.startswith(TABLE):
        try:
            held = read_table(table_place(workspace, data.removeprefix(TABLE))[1])
            columns = [{"name": name, "kind": str(held.kind(name))} for name in held.names]
        except AitiaError as error:
            fault = str(error)
    card = entry.card
    return page(
        request, "fit.html", title=f"{slug}: fit", card=card, fields=fields_of(entry.config()), data=data,
        columns=columns, fault=fault, tables=tables_of(workspace) if "table" in card.rows else [],
        worlds=worlds_of(card.rows), missing=MISSING, endings=",".join(TABLES),
    )  # fmt: skip


@router.post("/systems/{slug}/fit")
def fit(request: Request, slug: str, form: Form) -> JSONResponse:
    """Starts the fit."""
    entry, state = find(slug), request.app.state
    words, rows = fit_words(state.workspace, entry, form, state.within)
    return JSONResponse(started(request, words, f"{slug} on {rows}" if rows else slug, slug))


def started(request: Request, words: list[str], title: str, wanted: str) -> dict[str, Any]:
    """A command as a job with a run of its own, and where it is seen."""
    state = request.app.state
    run = state.workspace.new_run(wanted)
    said = [*words, "--out", f"runs/{run}"]
    job = state.jobs.submit(title, said, run)
    return {"go": f"/runs/{run}", "run": run, "job": job.id, "command": said}
