"""Two runs beside each other; and a run that was made elsewhere, opened here."""

import shutil
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.responses import HTMLResponse, JSONResponse

from aitia.errors import FormatError, RunError
from aitia.runs import Record
from aitia.studio.comparing import Side, comparable, differing, graph_pairs, score_lines
from aitia.studio.pages import page
from aitia.studio.places import local_place

router = APIRouter()
MOST_FILES, MOST_BYTES = 20_000, 4 << 30
"""Of a run that is opened from elsewhere."""


@router.get("/compare")
def compare(request: Request, a: str = "", b: str = "") -> HTMLResponse:
    """Options that differ, scores, graphs, and both reports."""
    workspace = request.app.state.workspace
    names = comparable([workspace.runs / name for name in workspace.run_names()])
    if not a or not b:
        return page(request, "compare.html", title="Compare", names=names, a=a, b=b, sides=[])
    sides = [Side.at(workspace.inside(workspace.runs, name)) for name in (a, b)]
    return page(
        request, "compare.html", title=f"{a} and {b}", names=names, a=a, b=b, sides=sides, options=differing(*sides),
        scores=score_lines(*sides), graphs=graph_pairs(*sides),
    )  # fmt: skip


@router.post("/runs/open")
def open_run(request: Request, folder: Annotated[str, Body(embed=True, max_length=4000)]) -> JSONResponse:
    """Takes a copy of a finished run, such as the command line made elsewhere, into the workspace."""
    state = request.app.state
    place = local_place(folder, state.within)
    record = Record.read(place)
    record.finished(record.kind).check(*record.results)
    if place.parent == state.workspace.runs:
        return JSONResponse({"go": f"/runs/{place.name}"})
    files = _files(place)
    run = state.workspace.new_run(place.name)
    try:
        for path in files:
            to = state.workspace.runs / run / path.relative_to(place)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
    except OSError as error:
        shutil.rmtree(state.workspace.runs / run, ignore_errors=True)
        raise RunError(f"{place} cannot be copied here: {error.strerror}") from error
    return JSONResponse({"go": f"/runs/{run}"})


def _files(place: Path) -> list[Path]:
    """The files of a run; links are refused, so that nothing from elsewhere is copied."""
    found, size = [], 0
    for path in sorted(place.rglob("*")):
        if path.is_symlink():
            raise FormatError(f"{path} is a link: a run is opened from its own files")
        if path.is_file():
            found.append(path)
            size += path.stat().st_size
        if len(found) > MOST_FILES or size > MOST_BYTES:
            raise FormatError(f"{place} holds more than {MOST_FILES:,} files or {MOST_BYTES >> 30} GB")
    return found
