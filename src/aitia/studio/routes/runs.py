"""Runs: how their jobs stand, and what they left."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from aitia.errors import AitiaError, FormatError, RunError
from aitia.guard import read_json
from aitia.runs import Record
from aitia.studio.jobs import Jobs
from aitia.studio.pages import command, command_in, page
from aitia.studio.routes import inside, pictures, verify
from aitia.studio.routes.asking import answer_page
from aitia.studio.state import Job
from aitia.studio.tracing import KINDS
from aitia.system.loading import FIT
from aitia.system.registry import find
from aitia.workflow.answer_page import PAGE

router = APIRouter()
REPORT = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "frame-ancestors 'self'"
)
"""A report has its own style and script in it, and reaches nothing: neither the studio nor any other place."""
PAGES = ("report.html", PAGE)
"""The page of a run, or of an answer."""


def _kind(path: Path) -> str:
    """What was run, such as `discover`; `answer`, `edit` or `verify` where there is no record."""
    with suppress(RunError):
        return Record.read(path).kind
    return next((name for name in ("answer", "edit") if (path / f"{name}.json").is_file()), "verify")


def _explains(path: Path) -> bool:
    """Whether this is a fitted system that tells effects."""
    with suppress(AitiaError):
        record = Record.read(path)
        return record.kind == "fit" and "effects" in find(str(record.config.get("system"))).card.verbs
    return False


def _told(jobs: Jobs, job: Job) -> dict[str, Any]:
    return {"id": job.id, "state": job.state, "title": job.title, "message": job.message, "run": job.run,
            "said": jobs.said(job) if job.state != "queued" else "", "progress": jobs.progress(job),
            "command": command(job.command)}  # fmt: skip


@router.get("/runs")
def runs(request: Request) -> HTMLResponse:
    """All runs, and the jobs that are under way or ended without one."""
    workspace, jobs = request.app.state.workspace, request.app.state.jobs
    shown = [{"name": name, "kind": _kind(workspace.runs / name)} for name in workspace.run_names()]
    return page(request, "runs.html", title="Runs", runs=shown, jobs=[_told(jobs, job) for job in jobs.state.jobs(30)])


@router.get("/runs/{name}")
def run(request: Request, name: str) -> HTMLResponse:
    """A run: its job while that is under way, then what was found."""
    workspace, jobs = request.app.state.workspace, request.app.state.jobs
    path = workspace.inside(workspace.runs, name)
    job = jobs.state.of_run(name)
    if job is not None and job.state != "finished":
        return page(request, "job.html", title=name, job=_told(jobs, job), name=name)
    if not workspace.is_run(path):
        raise FormatError(f"there is no run {name}")
    line = "" if job is None else command_in(workspace.folder, job.command)
    report = (path / "report.html").is_file()
    if (shown := _page_of(request, name, path, job, line)) is not None:
        return shown
    if _kind(path) != "discover":
        metrics = path / "metrics.json"
        told = read_json(metrics, dict) if metrics.is_file() else {}
        return page(request, "run.html", title=name, name=name, line=line, report=report, metrics=told,
                    fitted=_kind(path) == FIT, kind=_kind(path), explains=_explains(path))  # fmt: skip
    opened = request.app.state.answers.opened(path)
    summary = read_json(path / "summary.json", dict)
    return page(
        request, "graph.html", title=name, name=name, line=line, report=report, summary=summary,
        names=list(opened.found.graph.nodes),
    )  # fmt: skip


def _page_of(request: Request, name: str, path: Path, job: Job | None, line: str) -> HTMLResponse | None:
    """The page of a run that is a trace, an edit, an answer, or evidence; None for all others."""
    kind = _kind(path)
    if kind in KINDS:
        return inside.page_of(request, name, path, job)
    if kind == "edit":
        return pictures.edit_page(request, name, path, line)
    if kind == "answer":
        shown = pictures.effects_page(request, name, path, line) if (path / "effects.csv").is_file() else None
        return shown or answer_page(request, name, path, () if job is None else job.command)
    if kind == "verify" and (evidence := verify.evidence_in(path)) is not None:
        return verify.page_of(request, name, evidence, line)
    return None


@router.get("/runs/{name}/report.html")
def report(request: Request, name: str) -> Response:
    """The report of a run, which can reach nothing."""
    workspace = request.app.state.workspace
    folder = workspace.inside(workspace.runs, name)
    there = [path for file in PAGES if (path := folder / file).is_file() and not path.is_symlink()]
    if not there:
        raise FormatError(f"the run {name} has no report")
    return FileResponse(there[0], media_type="text/html", headers={"content-security-policy": REPORT})


@router.get("/api/jobs/{number}")
def job(request: Request, number: int) -> JSONResponse:
    """How a job stands."""
    jobs = request.app.state.jobs
    return JSONResponse(_told(jobs, jobs.state.job(number)))


@router.post("/api/jobs/{number}/cancel")
def cancel(request: Request, number: int) -> JSONResponse:
    """Stops a job."""
    return JSONResponse(_told(request.app.state.jobs, request.app.state.jobs.cancel(number)))


@router.post("/api/jobs/{number}/again")
def again(request: Request, number: int) -> JSONResponse:
    """Goes on with a job that failed or was cancelled."""
    return JSONResponse(_told(request.app.state.jobs, request.app.state.jobs.again(number)))


class Known(BaseModel):
    """What was changed by hand."""

    knowledge: str = Field(min_length=1, max_length=100_000)


@router.post("/api/runs/{name}/again")
def search_again(request: Request, name: str, known: Known) -> JSONResponse:
    """The discovery once more, with what was known before and what was changed by hand."""
    workspace, jobs = request.app.state.workspace, request.app.state.jobs
    workspace.inside(workspace.runs, name)
    job = jobs.state.of_run(name)
    if job is None or job.command[:1] != ("discover",):
        raise FormatError(f"the studio did not make {name}: search again from its table")
    run = workspace.new_run(re.sub(r"-\d+$", "", name))
    words, before = _without(job.command, "--knowledge")
    earlier = (workspace.folder / before).read_text(encoding="utf-8").splitlines() if before else []
    lines = known.knowledge.splitlines()
    told = [line for line in earlier if not _contradicted(line, lines)]
    noted = workspace.note(run, "\n".join([*told, *lines]))
    words = [f"runs/{run}" if word == f"runs/{name}" else word for word in words]
    jobs.submit(f"{job.title} again", [*words, *noted], run)
    return JSONResponse({"go": f"/runs/{run}"})


def _without(words: Sequence[str], option: str) -> tuple[list[str], str]:
    """The words without an option, and its value."""
    if option not in words:
        return list(words), ""
    at = list(words).index(option)
    return [*words[:at], *words[at + 2 :]], words[at + 1]


def _contradicted(line: str, new: Sequence[str]) -> bool:
    """Whether a statement of a pair is replaced by one of the same pair."""
    pair = line.partition(":")[2].split("->")
    if len(pair) != 2:
        return False
    ends = {end.strip() for end in pair}
    return any({end.strip() for end in one.partition(":")[2].split("->")} == ends for one in new)
