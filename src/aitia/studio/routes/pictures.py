"""A pipeline that draws pictures: where it carries a concept, and other words drawn in the concept's place."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse

from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.data.writing import table_bytes
from aitia.errors import OptionError
from aitia.guard import read_json
from aitia.studio.grids import of_effects
from aitia.studio.pages import page
from aitia.studio.pipelines import concept_systems, prompt_roles

__all__ = ["edit_page", "effects_page", "router"]

router = APIRouter()


class Concept(BaseModel):
    """What the form says."""

    model: str = Field(max_length=4000)
    prompt: str = Field(max_length=2000)
    subject: str = Field(max_length=200)
    answer: str = Field(max_length=200)
    same: str = Field(default="", max_length=100_000)
    stay: str = Field(default="", max_length=100_000)
    layer: int | None = Field(default=None, ge=0)

    @property
    def prompts(self) -> list[str]:
        """All that hold the concept.

        Raises:
            OptionError: If a part is empty, or one does not hold it.
        """
        if not (self.prompt.strip() and self.subject.strip() and self.answer.strip()):
            raise OptionError("give a prompt, the words of it that change, and those in their place")
        found = [self.prompt.strip(), *_lines(self.same)]
        for prompt in found:
            if not self._words.search(prompt):
                raise OptionError(f"the prompt {prompt[:80]!r} does not hold {self.subject.strip()[:80]!r}")
        return found

    @property
    def _words(self) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w){re.escape(self.subject.strip())}(?!\w)", re.IGNORECASE)

    def reworded(self, prompt: str) -> str:
        """A prompt with the other words."""
        return self._words.sub(lambda _: self.answer.strip(), prompt)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@router.post("/inside/concept")
def where(request: Request, form: Concept) -> JSONResponse:
    """Starts the search for the places that carry a concept."""
    workspace, model = request.app.state.workspace, request.app.state.models.of(form.model, "pictures")
    prompts, stay = form.prompts, _lines(form.stay)
    if not (entries := concept_systems()):
        raise OptionError("no system here looks into pipelines that draw pictures")
    entry = entries[0]
    prompt, other, network = prompt_roles(entry)
    run = workspace.new_run(f"where-{form.subject}")
    columns = {prompt: [*prompts, *stay], other: [*map(form.reworded, prompts), *[""] * len(stay)]}
    rows = table_bytes(Table.of(columns, kinds=dict.fromkeys(columns, "text")), ".csv").decode()
    data = workspace.beside(run, ".csv", rows, read_table)
    words = ["run", entry.card.slug, "--data", data, f"--{network}", model.name, "--out", f"runs/{run}"]
    request.app.state.jobs.submit(f"where {form.subject.strip()} is in {model.path.name}", words, run)
    return JSONResponse({"go": f"/runs/{run}"})


@router.post("/inside/edit")
def edit(request: Request, form: Concept) -> JSONResponse:
    """Starts the edit of a concept."""
    workspace, model = request.app.state.workspace, request.app.state.models.of(form.model, "pictures")
    first, *others = form.prompts
    run = workspace.new_run(f"edit-{form.subject}")
    words = ["edit", model.name, "--subject", form.subject.strip(), "--answer", form.answer.strip()]
    words += [] if form.layer is None else ["--layer", str(form.layer)]
    for option, lines in (("paraphrases", others), ("neighbours", _lines(form.stay))):
        if lines:
            words += [f"--{option}", workspace.beside(run, f".{option}.txt", "\n".join(lines), Path.read_bytes)]
    words += ["--out", f"runs/{run}", *(["--"] if first.startswith("-") else []), first]
    title = f"{form.subject.strip()} drawn as {form.answer.strip()} by {model.path.name}"
    request.app.state.jobs.submit(title, words, run)
    return JSONResponse({"go": f"/runs/{run}"})


@router.post("/api/runs/{name}/effects")
def effects(request: Request, name: str) -> JSONResponse:
    """Starts the table of effects of a fitted system."""
    workspace = request.app.state.workspace
    workspace.inside(workspace.runs, name)
    run = workspace.new_run(f"{name}-effects")
    words = ["effects", f"runs/{name}", "--out", f"runs/{run}"]
    request.app.state.jobs.submit(f"effects of {name}", words, run)
    return JSONResponse({"go": f"/runs/{run}", "run": run})


def effects_page(request: Request, name: str, path: Path, line: str) -> HTMLResponse | None:
    """A table of effects of places of a network, which stand as a heat map; None where it is about no such places."""
    told = read_json(path / "answer.json", dict)
    table = read_table(path / "effects.csv")
    columns = [table.labels(column).tolist() for column in table.names]
    rows = [dict(zip(table.names, row, strict=True)) for row in zip(*columns, strict=True)]
    if not (grids := of_effects(rows)):
        return None
    return page(
        request, "effects.html", title=name, name=name, line=line, about=told.get("about", ""), rows=rows,
        alarms=told.get("alarms", []), grids=grids, names=table.names,
    )  # fmt: skip


def edit_page(request: Request, name: str, path: Path, line: str) -> HTMLResponse:
    """An edit, with what it did."""
    told = read_json(path / "edit.json", dict)
    return page(request, "edit.html", title=name, name=name, line=line, told=told,
                report=(path / "report.html").is_file())  # fmt: skip
