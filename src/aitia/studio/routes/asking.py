"""A fitted run asked what if, and for what else it answers; and the answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from aitia.data.tables import TABLES
from aitia.errors import FormatError
from aitia.graph.marks import quote
from aitia.guard import read_json
from aitia.studio.asked import SHOWN, VERBS, Fitted, Question, ask_words, python_of
from aitia.studio.pages import command_in, page
from aitia.studio.places import tables_of, worlds_of
from aitia.studio.routes.fitting import started
from aitia.studio.routes.tables import first_rows
from aitia.workflow.answer_files import RECORD
from aitia.workflow.answer_page import PAGE

router = APIRouter()
REPORT = "report.html"
"""The page of an effect; that of other answers is `PAGE`."""
LISTED = 24
"""Targets that have a control of their own; of more each is chosen by name."""
PARTS = 6
"""Numbers of a target that have a slider each."""


@router.get("/runs/{name}/ask")
def ask_page(request: Request, name: str, data: str = "") -> HTMLResponse:
    """Controls for what may be set, rows to choose, and the answer."""
    workspace = request.app.state.workspace
    fitted = Fitted.at(workspace.inside(workspace.runs, name))
    rows = fitted.rows
    controls = [one for one in fitted.targets[:LISTED] if len(one["low"]) <= PARTS]
    return page(
        request, "ask.html", title=f"{name}: ask", name=name, card=fitted.card, verbs=fitted.verbs, about=VERBS,
        controls=controls, targets=fitted.targets, says=fitted.says, data=data, alarms=fitted.told.get("alarms", []),
        columns=[] if rows is None else list(rows.names), rows=[] if rows is None else first_rows(rows, SHOWN),
        tables=tables_of(workspace) if "table" in fitted.card.rows else [], worlds=worlds_of(fitted.card.rows),
        endings=",".join(TABLES), outcomes=[] if rows is None else list(rows.names),
    )  # fmt: skip


class Asked(BaseModel):
    """What the controls say."""

    verb: str = Field(max_length=20)
    values: dict[str, float | str | list[float]] = Field(default={}, max_length=200)
    do: str = Field(default="", max_length=4000)
    rows: str = Field(default="", max_length=4000)
    data: str = Field(default="", max_length=2000)
    draws: int = Field(default=1, ge=1, le=1000)
    seed: int = Field(default=0, ge=0)
    target: str = Field(default="", max_length=400)
    outcome: str = Field(default="", max_length=400)


@router.post("/api/runs/{name}/ask")
def ask(request: Request, name: str, asked: Asked) -> JSONResponse:
    """Starts the answer; the same question that was answered already is not asked again."""
    state = request.app.state
    fitted = Fitted.at(state.workspace.inside(state.workspace.runs, name))
    question = Question(**asked.model_dump())
    words = ask_words(state.workspace, name, fitted, question, state.within)
    said = str(question.intervention)
    for job in state.jobs.state.jobs():
        if list(job.command[:-2]) == words and job.state not in ("failed", "cancelled"):
            place = state.workspace.runs / job.run
            if job.state != "finished" or (place / RECORD).is_file():
                told = {"go": f"/runs/{job.run}", "run": job.run, "job": job.id}
                return JSONResponse(told | _copied(job.command, state.workspace.folder) | {"do": said})
    title = f"{said} of {name}" if question.verb == "do" else f"{question.verb} of {name}"
    told = started(request, words, title, f"{name}-{question.verb}")
    return JSONResponse(told | _copied(told.pop("command"), state.workspace.folder) | {"do": said})


def _copied(words: Sequence[str], folder: Path) -> dict[str, str]:
    """A command to copy, and the same as Python."""
    return {"line": command_in(folder, words), "python": python_of(words, folder)}


def answer_page(request: Request, name: str, path: Path, words: tuple[str, ...]) -> HTMLResponse:
    """An answer that was kept: what was asked, the answer drawn, its files, and how it is asked again."""
    told = read_json(path / RECORD, dict)
    folder = request.app.state.workspace.folder
    of = Path(words[1]).name if len(words) > 1 else ""
    files = [file for file in told.get("files", []) if isinstance(file, str) and _file(path, file) is not None]
    pages = {PAGE, REPORT} & {*files}
    return page(
        request, "answer.html", title=name, name=name, told=told, of=of, files=[f for f in files if f not in pages],
        drawn=bool(pages), deciding=deciding(told), again=_copied(words, folder) if words else {},
    )  # fmt: skip


def deciding(told: Mapping[str, Any]) -> list[list[tuple[str, str]]]:
    """The edges whose direction decides an effect, each both ways: how it reads, and as knowledge."""
    lines = [(str(edge[0]), str(edge[1])) for edge in told.get("undecided", []) if len(edge) == 2]
    return [[(f"{a} \u2192 {b}", f"required: {quote(a)} -> {quote(b)}") for a, b in ((x, y), (y, x))] for x, y in lines]


@router.get("/runs/{name}/files/{file}")
def taken(request: Request, name: str, file: str) -> Response:
    """A file of an answer, as its record names it."""
    workspace = request.app.state.workspace
    path = workspace.inside(workspace.runs, name)
    told = read_json(path / RECORD, dict) if (path / RECORD).is_file() else {}
    place = _file(path, file)
    if file not in told.get("files", []) or place is None:
        raise FormatError(f"the answer {name} has no file {file[:60]!r}")
    return FileResponse(place, filename=file, media_type="application/octet-stream")


def _file(path: Path, file: str) -> Path | None:
    """A file that lies in a folder itself; None where it lies elsewhere or is not there."""
    place = path / file
    plain = place.parent == path and not file.startswith(".") and place.is_file() and not place.is_symlink()
    return place if plain else None
