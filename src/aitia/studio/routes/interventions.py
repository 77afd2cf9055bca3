"""What an intervention does to an analysis: distributions at once, an effect with its interval as a job."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse

from aitia.do import Intervention
from aitia.errors import GraphError
from aitia.studio.pages import page

router = APIRouter()


@router.get("/runs/{name}/do")
def what_if(request: Request, name: str) -> HTMLResponse:
    """Sliders for every variable of an analysis."""
    workspace = request.app.state.workspace
    opened = request.app.state.answers.opened(workspace.inside(workspace.runs, name))
    sliders: list[dict[str, Any]] = []
    fault, chosen = "", []
    try:
        member = opened.member()
        sliders, chosen = member.sliders, member.chosen
    except GraphError as error:
        fault = str(error)
    return page(request, "do.html", title=f"{name}: do", name=name, sliders=sliders, chosen=chosen, fault=fault,
                shown=json.dumps(sliders, ensure_ascii=False), names=list(opened.found.graph.nodes))  # fmt: skip


class Done(BaseModel):
    """What is set."""

    values: dict[str, float | str] = Field(max_length=200)
    directed: list[tuple[str, str]] = Field(default=[], max_length=200)


@router.post("/api/runs/{name}/do")
def do(request: Request, name: str, done: Done) -> JSONResponse:
    """How everything is distributed then."""
    workspace = request.app.state.workspace
    path = workspace.inside(workspace.runs, name)
    member = request.app.state.answers.opened(path).member(done.directed)
    said = str(Intervention(done.values)) if done.values else ""
    return JSONResponse({"variables": member.done(dict(done.values)), "do": said, "chosen": member.chosen,
                         "python": _python(path, member.directed, said)})  # fmt: skip


def _python(path: Path, directed: Sequence[tuple[str, str]], said: str) -> str:
    graph = f"apply(found.graph, Knowledge(required={list(directed)!r}))" if directed else "found.graph"
    lines = [
        "import aitia",
        "from aitia.discovery import load_discovery",
        f"from aitia.graph import {'Knowledge, apply, ' if directed else ''}consistent_extension",
        "",
        f"found = load_discovery({str(path)!r})",
        f"model = aitia.SCM.fit(consistent_extension({graph}), found.table)",
    ]
    return "\n".join([*lines, f"print(model.do({said!r}).sample(2000))" if said else "print(model.sample(2000))"])


class Effect(BaseModel):
    """An effect that is asked for."""

    do: str = Field(min_length=1, max_length=2000)
    outcome: str
    against: str = ""


@router.post("/api/runs/{name}/effect")
def effect(request: Request, name: str, asked: Effect) -> JSONResponse:
    """Starts the estimate of an effect, with its interval."""
    workspace = request.app.state.workspace
    request.app.state.answers.opened(workspace.inside(workspace.runs, name))
    said = str(Intervention.parse(asked.do))  # begins with `do(`: what was typed could be taken for an option
    run = workspace.new_run(f"{name}-effect")
    words = ["do", f"runs/{name}", said, "--outcome", asked.outcome, "--out", f"runs/{run}"]
    words += ["--against", asked.against] if asked.against else []
    job = request.app.state.jobs.submit(f"{said} on {asked.outcome}", words, run)
    return JSONResponse({"go": f"/runs/{run}", "job": job.id})
