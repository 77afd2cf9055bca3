"""Tables: dropped or bundled, what the reader understood of them, and the form that starts a discovery."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse

from aitia.data.kinds import CONTINUOUS, DISCRETE, Kind
from aitia.data.spreadsheet import Reading
from aitia.data.table import Table
from aitia.data.tables import TABLES, read_table
from aitia.data.writing import date_text
from aitia.discovery.choose import methods
from aitia.discovery.row_names import row_names
from aitia.errors import AitiaError, DataError
from aitia.stats.search.checks import check_table, table_warnings
from aitia.studio.pages import page
from aitia.studio.places import bundled_tables, table_place
from aitia.studio.sheets import sheets_of

router = APIRouter()
SHOWN = 8
"""Rows that are shown of a table."""


@router.get("/discover")
def begin(request: Request) -> HTMLResponse:
    """Where a table is dropped or chosen."""
    return page(
        request, "discover.html", title="Discover", bundled=bundled_tables().values(), endings=", ".join(TABLES),
        tables=request.app.state.workspace.table_names(),
    )  # fmt: skip


@router.post("/tables/{name}")
async def drop(request: Request, name: str) -> JSONResponse:
    """Keeps a table: its bytes are the body."""

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in request.stream():
            yield piece

    taken = await request.app.state.workspace.keep(name, pieces())
    return JSONResponse({"go": f"/discover/{taken}", "name": taken})


@router.get("/discover/{name}")
def table(request: Request, name: str, sheet: str = "") -> HTMLResponse:
    """What was understood of a table, what speaks against it, and how to search it."""
    said, path = table_place(request.app.state.workspace, name)
    sheets = sheets_of(path)
    try:
        held = read_table(path, how=Reading(sheet=sheet) if sheet else None)
    except AitiaError as error:
        if len(sheets) < 2:
            raise
        told = {"sheets": sheets, "sheet": sheet or sheets[0], "fault": str(error)}
        return page(request, "sheets.html", title=name, status=400, name=name, **told)
    fault, warnings = None, []
    names = row_names(held)  # which a search leaves out
    searched = held.drop(names) if len(names) < len(held.names) else held
    try:
        check_table(searched, missing="testwise")
        warnings = table_warnings(searched, missing="testwise")
    except DataError as error:
        fault = str(error)
    return page(
        request, "table.html", title=name, name=name, said=said, columns=_columns(held), rows=first_rows(held),
        n=held.n, flow=[] if held.flow is None else held.flow.lines(), warnings=warnings, fault=fault, names=names,
        sheets=sheets, sheet=sheet, methods=("auto", *dict.fromkeys(methods())),
    )  # fmt: skip


def _columns(table: Table) -> list[dict[str, Any]]:
    found = []
    for name in table.names:
        kind = table.kind(name)
        found.append({"name": name, "kind": str(kind), "missing": table.missing(name), "about": _holds(table, name)})
    return found


def _holds(table: Table, name: str) -> str:
    """Some labels, or the range of numbers."""
    kind = table.kind(name)
    if kind in DISCRETE:
        labels = table.categories(name)
        return ", ".join(str(label)[:40] for label in labels[:6]) + (", ..." if len(labels) > 6 else "")
    if kind in CONTINUOUS and not table.absent(name).all():
        low, high = float(np.nanmin(table.column(name))), float(np.nanmax(table.column(name)))
        told = (date_text(low), date_text(high)) if kind is Kind.TIME else (f"{low:.5g}", f"{high:.5g}")
        return " to ".join(told)
    return ""


def first_rows(table: Table, most: int = SHOWN) -> list[list[str]]:
    """The first rows as text."""
    some = table.take(slice(0, most))
    cells = [some.labels(name).tolist() for name in some.names]
    return [[_cell(value) for value in row] for row in zip(*cells, strict=True)]


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:60]


class Search(BaseModel):
    """What the form says."""

    method: str = "auto"
    test: str = "auto"
    context: str = ""
    time: str = ""
    lags: int | None = Field(default=None, ge=1, le=100)
    sheet: str = ""
    alpha: float = Field(default=0.05, gt=0, lt=1)
    bootstrap: int | None = Field(default=None, ge=0, le=10_000)
    missing: str = "testwise"
    knowledge: str = Field(default="", max_length=100_000)
    drop: list[str] = []
    seed: int = 0


@router.post("/discover/{name}")
def discover(request: Request, name: str, form: Search) -> JSONResponse:
    """Starts a discovery."""
    workspace = request.app.state.workspace
    said, _ = table_place(workspace, name)
    run = workspace.new_run(Path(name).name.split(".")[0])
    words = ["discover", said, "--out", f"runs/{run}"]
    plain = Search()
    for option in ("method", "test", "context", "time", "alpha", "missing", "seed", "sheet"):
        if (value := getattr(form, option)) != getattr(plain, option):
            words += [f"--{option}", str(value)]
    for option in ("bootstrap", "lags"):
        words += [] if getattr(form, option) is None else [f"--{option}", str(getattr(form, option))]
    words += [part for column in form.drop for part in ("--drop", column)]
    if form.knowledge.strip():
        words += workspace.note(run, form.knowledge)
    request.app.state.jobs.submit(f"discover {name}", words, run)
    return JSONResponse({"go": f"/runs/{run}"})
