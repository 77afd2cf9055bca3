"""What every page shows: its frame, links, and words of a command to copy."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from aitia.version import __version__

__all__ = ["command", "page"]

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PLACES = (
    ("/discover", "Discover"),
    ("/inside", "Inside"),
    ("/runs", "Runs"),
    ("/systems", "Systems"),
    ("/ledger", "Ledger"),
)
"""What stands at the top of every page."""


def page(request: Request, template: str, /, *, title: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """A page from its template; all that it shows is escaped.

    Args:
        request: Who asks, for the token of the page.
        template: Its file.
        title: Of the page.
        status: Of the answer.
        shown: What the template names.
    """
    here = next((path for path, _ in PLACES if request.url.path.startswith(path)), "")
    told = {"title": title, "places": PLACES, "here": here, "token": request.state.token, "version": __version__}
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(**told, **shown), status)


def command(words: Sequence[str]) -> str:
    """A command to copy."""
    return shlex.join(["aitia", *words])
