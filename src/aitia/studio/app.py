"""The studio put together."""

import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from aitia.errors import AitiaError
from aitia.studio.answers import Answers
from aitia.studio.guard import Guard
from aitia.studio.jobs import Jobs
from aitia.studio.pages import page
from aitia.studio.routes import catalogue, graphs, interventions, ledger, runs, start, tables
from aitia.studio.workspace import Workspace

__all__ = ["create_app"]

STATIC = Path(__file__).parent / "static"


def create_app(
    workspace: Workspace, *, hosts: Collection[str] = ("testserver",), key: str | None = None, at_once: int = 1
) -> FastAPI:
    """The studio of a workspace, as an application of ASGI.

    Args:
        workspace: Its folder.
        hosts: Names and ports under which it is asked for; under any other it answers nothing.
        key: What opens it beyond this machine.
        at_once: Jobs at a time.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        workspace.sweep()
        app.state.jobs.start()
        yield
        app.state.jobs.stop()

    app = FastAPI(title="aitia studio", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.state.workspace, app.state.jobs = workspace, Jobs(workspace, at_once)
    app.state.answers = Answers()
    for routes in (start, catalogue, tables, runs, graphs, interventions, ledger):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC, follow_symlink=False), name="static")
    app.add_exception_handler(AitiaError, _told)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(404, _nothing)
    app.add_middleware(Guard, hosts=hosts, key=key, secret=secrets.token_bytes(32))
    return app


def _told(request: Request, error: Exception) -> Response:
    """An error of whoever asks: one sentence, where the form is."""
    if request.method == "GET" and not request.url.path.startswith("/api/"):
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
