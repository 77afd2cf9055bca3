"""The first page."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from aitia.catalogue import systems
from aitia.studio.pages import page

router = APIRouter()


@router.get("/")
def start(request: Request) -> HTMLResponse:
    """What one can do here, and what was done last."""
    workspace, jobs = request.app.state.workspace, request.app.state.jobs
    return page(
        request, "start.html", title="aitia studio", runs=workspace.run_names()[:6], jobs=jobs.state.jobs(5),
        count=len(systems()), folder=str(workspace.folder),
    )  # fmt: skip
