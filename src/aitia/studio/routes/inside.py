"""Inside a network: a model that may be opened is chosen, traced as a job, and patched cell by cell."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse

from aitia.errors import FormatError, InterventionError
from aitia.studio.grids import site
from aitia.studio.models import Model
from aitia.studio.pages import command, page
from aitia.studio.pipelines import concept_systems
from aitia.studio.state import Job
from aitia.studio.tracing import AskedTrace, Left, python_of, words_of
from aitia.studio.workspace import Workspace

if TYPE_CHECKING:
    from aitia.nn.causal_language import CausalLanguageModel

router = APIRouter()


@router.get("/inside")
def inside(request: Request, model: str = "") -> HTMLResponse:
    """The models that may be opened, and what is asked of the one that was chosen."""
    models = request.app.state.models
    found = models.all()
    chosen = models.of(model, "language", "pictures") if model else None
    return page(
        request, "inside.html", title="Inside", models=[m for m in found if m.kind != "features"], chosen=chosen,
        features=[m for m in found if m.kind == "features"], place=str(models.own),
        systems=[entry.card for entry in concept_systems()] if chosen and chosen.kind == "pictures" else [],
    )  # fmt: skip


@router.post("/inside")
def trace(request: Request, asked: AskedTrace) -> JSONResponse:
    """Starts a trace."""
    workspace, models = request.app.state.workspace, request.app.state.models
    # What is wrong is told before anything is made.
    words_of(asked, models, "pairs" if asked.pairs.strip() else "", "run")
    run = workspace.new_run(_wanted(asked))
    pairs = ""
    if asked.pairs.strip():
        from aitia.inside import read_pairs

        pairs = workspace.beside(run, ".jsonl", asked.pairs, read_pairs)
    words = words_of(asked, models, pairs, f"runs/{run}")
    what = {"patch": "trace", "fast": "estimated trace", "lens": "logit lens"}[asked.look]
    request.app.state.jobs.submit(f"{what} of {Path(asked.model).name}", words, run)
    return JSONResponse({"go": f"/runs/{run}"})


def _wanted(asked: AskedTrace) -> str:
    kind = "pairs" if asked.pairs.strip() else "-".join(re.findall(r"\w+", asked.prompt)[-3:])
    return f"{'lens' if asked.look == 'lens' else 'trace'}-{kind}"


def page_of(request: Request, name: str, path: Path, job: Job | None) -> HTMLResponse:
    """The page of a finished trace."""
    left = Left(path)
    model = _model_of(request, job)
    pairs = _option(job, "--pairs") if job is not None else ""
    line = "" if job is None else command(job.command)
    return page(
        request, "trace.html", title=name, name=name, line=line, kind=left.kind, grid=left.grid, told=left.told,
        sentence=left.sentence, agreement=left.agreement, model=model, pairs=left.config.get("pairs", []),
        python="" if model is None else left.python(model.name, pairs),
        patched=model is not None and (left.kind == "trace-pairs" or left.told.get("operation") == "patch"),
    )  # fmt: skip


def _model_of(request: Request, job: Job | None) -> Model | None:
    """The model that a job traced, if it may still be opened."""
    if job is None or job.command[:1] != ("trace",):
        return None
    try:
        found: Model = request.app.state.models.of(job.command[1], "language")
    except FormatError:
        return None
    return found


def _option(job: Job, name: str) -> str:
    words = list(job.command)
    return words[words.index(name) + 1] if name in words else ""


class Patched(BaseModel):
    """A cell that is patched."""

    place: str = Field(min_length=1, max_length=2000)
    pair: int = 0


@router.post("/api/runs/{name}/patch")
def patch(request: Request, name: str, asked: Patched) -> JSONResponse:
    """What the model says when one cell gets back what it has in the clean run."""
    workspace: Workspace = request.app.state.workspace
    left = Left(workspace.inside(workspace.runs, name))
    model = _model_of(request, request.app.state.jobs.state.of_run(name))
    if model is None:
        raise FormatError(f"the studio did not make {name}, or its model is not here any more: trace it again here")
    if left.kind == "trace-pairs":
        how = left.pair(asked.pair)
        prompt = how.pop("prompt")
        where, _, token = asked.place.partition("\n")
    else:
        how, prompt, where, token = left.asked, left.config["prompt"], asked.place, ""
    if (folder := site(where).sae) is not None:
        request.app.state.models.of(str(folder), "features")

    def question(language: "CausalLanguageModel") -> dict[str, Any]:
        from aitia.inside import patched_answers

        sites = _sites(language, where, token, prompt, how)
        found = patched_answers(language, prompt, sites, **how)
        words = ["trace", model.name, *_options(how), *[w for s in sites for w in ("--site", s)], "--says"]
        words += [*(["--"] if prompt.startswith("-") else []), prompt]
        call = f"patched_answers(language, {prompt!r}, {sites!r}" + "".join(f", {n}={v!r}" for n, v in how.items())
        return {**found.to_json(), "command": command(words),
                "python": python_of(model.name, ["patched_answers"], f"{call})")}  # fmt: skip

    return JSONResponse(request.app.state.networks.asked(model, left.fingerprint, question))


def _options(how: Mapping[str, Any]) -> list[str]:
    return [part for name, value in how.items() for part in (f"--{name}", str(value))]


def _sites(language: "CausalLanguageModel", where: str, token: str, prompt: str, how: Mapping[str, Any]) -> list[str]:
    """The sites of a cell: one, or in a pair all tokens of a kind."""
    if not token:
        return [where]
    place = site(where)
    if re.fullmatch(r"-?\d+", token):
        return [str(place.with_(position=int(token)))]
    from aitia.inside.pairs import Pair, changed_tokens, role

    length, changed = changed_tokens(language, Pair(prompt, how["against"]))
    found = [str(place.with_(position=k)) for k in range(length) if role(k, length, changed) == token]
    if not found:
        raise InterventionError(f"this pair has no token that is {token}: choose another one")
    return found
