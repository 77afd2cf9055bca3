"""The studio put together."""

import secrets
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from aitia.addresses import is_near
from aitia.errors import AitiaError, OptionError
from aitia.studio.answers import Answers
from aitia.studio.guard import Guard
from aitia.studio.jobs import Jobs
from aitia.studio.models import Models
from aitia.studio.networks import Networks
from aitia.studio.pages import page
from aitia.studio.papers import Papers
from aitia.studio.routes import (
    asking,
    boards,
    catalogue,
    comparing,
    fitting,
    graphs,
    inside,
    interventions,
    ledger,
    papers,
    pictures,
    runs,
    start,
    tables,
    verify,
)
from aitia.studio.workspace import Workspace

__all__ = ["create_app"]

STATIC = Path(__file__).parent / "static"


def create_app(
    workspace: Workspace,
    *,
    hosts: Collection[str] = ("testserver",),
    key: str | None = None,
    at_once: int = 1,
    feed: Papers | None = None,
    models: Sequence[Path] = (),
) -> FastAPI:
    """The studio of a workspace, as an application of ASGI.

    Args:
        workspace: Its folder.
        hosts: Names and ports under which it is asked for; under any other, but a public address of the papers, it
            answers nothing.
        key: What opens it beyond this machine.
        at_once: Jobs at a time.
        feed: The papers; None keeps some in the folder. Where their pages have a public address they need no key.
        models: Folders whose networks may be opened, beside those in the workspace.

    Raises:
        OptionError: If others would come in by a public address, and no key keeps them to the papers.
    """
    feed = feed or Papers(workspace.folder / "feed.sqlite")
    public = feed.links is not None and not is_near(feed.links.host)
    if public and key is None:
        raise OptionError("a public address wants a key for all but the papers")
    known = {*hosts, *([] if feed.links is None else [_host(feed.links.public)])}

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        workspace.sweep()
        app.state.jobs.start()
        feed.start()
        yield
        feed.stop()
        app.state.jobs.stop()

    app = FastAPI(title="aitia studio", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.state.workspace, app.state.jobs = workspace, Jobs(workspace, at_once)
    app.state.answers, app.state.papers, app.state.networks = Answers(), feed, Networks()
    app.state.models = Models(workspace.folder, models)
    app.state.within = None if key is None else workspace.folder  # of what is typed from another machine
    routers = (
        start, catalogue, fitting, tables, comparing, runs, asking, graphs, interventions, inside, pictures, verify,
        papers, ledger, boards,
    )  # fmt: skip
    for routes in routers:
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC, follow_symlink=False), name="static")
    app.add_exception_handler(AitiaError, _told)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(404, _nothing)
    app.add_middleware(Guard, hosts=known, key=key, secret=secrets.token_bytes(32), public=public)
    return app


def _host(address: str) -> str:
    """As a Host header has it: the port stands there where it is not that of the scheme."""
    parts = urlsplit(address)
    usual = {"http": 80, "https": 443}[parts.scheme]
    return parts.netloc.lower().removesuffix(f":{usual}")


def _told(request: Request, error: Exception) -> Response:
    """An error of whoever asks: one sentence, where the form is."""
    if (request.method == "GET" or request.state.form) and not request.url.path.startswith("/api/"):
        return page(request, "told.html", title="That did not work", told=str(error), status=400)
    return JSONResponse({"error": str(error)}, 400)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return JSONResponse({"error": f"{where}: {first['msg'].lower()}"}, 400)


def _nothing(request: Request, error: Exception) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": "there is nothing of this name"}, 404)
    return page(request, "told.html", title="There is nothing here", told="There is nothing of this name.", status=404)
