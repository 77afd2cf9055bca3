"""Leaderboards: for each world what benches of this workspace and stored evidence say, and the button for a bench."""

from collections import Counter

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse

from aitia.errors import OptionError
from aitia.studio.boards import about_world, benches, candidates, claims_on, worlds_of_claims
from aitia.studio.pages import page
from aitia.studio.routes.fitting import started
from aitia.workflow.source import find_world, world_names

router = APIRouter()


@router.get("/boards")
def boards(request: Request) -> HTMLResponse:
    """The worlds, with how much was measured on each."""
    here = Counter(bench.world for _, bench in benches(request.app.state.workspace))
    claims = Counter(world for worlds in worlds_of_claims().values() for world in worlds)
    shown = [{"name": name, "about": about_world(name), "benches": here[name], "claims": claims[name]}
             for name in world_names()]  # fmt: skip
    return page(request, "boards.html", title="Leaderboards", worlds=shown)


@router.get("/boards/{world}")
def board(request: Request, world: str) -> HTMLResponse:
    """A world: its benches, the claims on it, and the form of a bench."""
    held = [{"run": run, "bench": bench} for run, bench in benches(request.app.state.workspace) if bench.world == world]
    return page(
        request, "board.html", title=f"{world}: leaderboard", world=world, about=about_world(world), benches=held,
        claims=claims_on(world), candidates=[entry.card for entry in candidates(world)],
    )  # fmt: skip


class Asked(BaseModel):
    """What is measured."""

    systems: list[str] = Field(default=[], max_length=60)
    seeds: int = Field(default=3, ge=1, le=100)
    rows: int | None = Field(default=None, ge=5)
    size: int | None = Field(default=None, ge=4)


@router.post("/boards/{world}/bench")
def bench(request: Request, world: str, asked: Asked) -> JSONResponse:
    """Starts a bench."""
    find_world(world)
    known = [entry.card.slug for entry in candidates(world)]
    chosen = [slug for slug in known if slug in asked.systems]
    if not chosen or len(chosen) < len(set(asked.systems)):
        raise OptionError("choose at least one of the systems that are listed")
    words = ["bench", world, "--systems", ",".join(chosen), "--seeds", str(asked.seeds)]
    words += [] if asked.rows is None else ["--rows", str(asked.rows)]
    words += [] if asked.size is None else ["--size", str(asked.size)]
    told = started(request, words, f"bench of {world}", f"bench-{world}")
    return JSONResponse({"go": told["go"], "job": told["job"]})
