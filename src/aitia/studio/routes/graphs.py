"""The graph of a discovery: seen, changed by hand, asked whether an effect can be told, and taken elsewhere."""

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from aitia.errors import AitiaError, IdentifiabilityError, OptionError
from aitia.graph import Graph, adjustment_sets, identify, instruments
from aitia.graph._layout import layout
from aitia.graph.formats import to_dagitty, to_dot, to_json
from aitia.graph.marks import quote
from aitia.guard import read_json
from aitia.studio.answers import Opened

router = APIRouter()
SETS = 6
"""Adjustment sets that are listed."""
SYMBOLS = ("-->", "<--", "---", "<->", "o->", "<-o", "o-o", "o--", "--o")
FORMATS: Mapping[str, Callable[[Graph], str]] = {"dagitty": to_dagitty, "dot": to_dot, "json": to_json, "txt": str}


def _opened(request: Request, name: str) -> tuple[Opened, Path]:
    workspace = request.app.state.workspace
    path = workspace.inside(workspace.runs, name)
    return request.app.state.answers.opened(path), path


@router.get("/api/runs/{name}/graph")
def graph(request: Request, name: str) -> JSONResponse:
    """Nodes with their places, and edges with evidence and shares."""
    opened, path = _opened(request, name)
    found = opened.found.graph
    placed = layout(found)
    summary = read_json(path / "summary.json", dict)
    nodes = [{"name": node, "x": placed.centers[node][0], "y": placed.centers[node][1], "width": placed.widths[node]}
             for node in found.nodes]  # fmt: skip
    return JSONResponse({"nodes": nodes, "edges": summary["edges"], "resamples": summary["resamples"],
                         "context": summary["context"]})  # fmt: skip


@router.get("/runs/{name}/graph.{ending}")
def taken(request: Request, name: str, ending: str) -> Response:
    """The graph as a file of another program."""
    if ending not in FORMATS:
        raise OptionError(f"graphs are given as {', '.join(FORMATS)}, not {ending[:20]}")
    text = FORMATS[ending](_opened(request, name)[0].found.graph)
    head = {"content-disposition": f'attachment; filename="{name}.{ending}"'}
    return Response(text, media_type="text/plain; charset=utf-8", headers=head)


class Asked(BaseModel):
    """A graph as it was drawn, and what is asked of it."""

    edges: list[tuple[str, str, str]] = Field(max_length=20_000)
    exposure: str = ""
    outcome: str = ""
    hidden: list[str] = []


@router.post("/api/runs/{name}/question")
def question(request: Request, name: str, asked: Asked) -> JSONResponse:
    """Whether the effect of the exposure on the outcome can be told in this graph, and how."""
    opened, _ = _opened(request, name)
    if odd := [mark for _, mark, _ in asked.edges if mark not in SYMBOLS]:
        raise OptionError(f"an edge is one of {' '.join(SYMBOLS)}, got {odd[0][:20]!r}")
    text = "; ".join(f"{quote(a)} {mark} {quote(b)}" for a, mark, b in asked.edges)
    drawn = Graph(text, opened.found.graph.nodes)
    told: dict[str, Any] = {"graph": str(drawn)}
    if asked.exposure and asked.outcome:
        told |= _answered(drawn, asked, opened)
    return JSONResponse(told)


def _answered(drawn: Graph, asked: Asked, opened: Opened) -> dict[str, Any]:
    x, y, hidden = asked.exposure, asked.outcome, tuple(asked.hidden)
    read_as: Any = opened.found.read_as
    verdict = identify(drawn, x, y, latent=hidden, read_as=read_as)
    told: dict[str, Any] = {"identified": verdict.identified, "reason": verdict.reason, "estimand": verdict.estimand,
                            "sets": [], "instruments": []}  # fmt: skip
    try:
        sets = list(islice(adjustment_sets(drawn, x, y, latent=hidden, read_as=read_as), SETS + 1))
        told |= {"sets": [list(one) for one in sets[:SETS]], "more": len(sets) > SETS}
    except IdentifiabilityError as error:
        told["no sets"] = str(error)
    try:
        told["instruments"] = [str(one) for one in instruments(drawn, x, y, conditional=True, latent=hidden)]
    except AitiaError as error:  # of a graph that is neither a DAG nor an ADMG
        told["no instruments"] = str(error)
    return told
