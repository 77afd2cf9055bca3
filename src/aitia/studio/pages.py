"""What every page shows: its frame, links, and words of a command to copy."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from aitia.studio.guard import PAPERS
from aitia.version import __version__

__all__ = ["command", "command_in", "page"]

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
    ("/papers", "Papers"),
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
    opened = request.state.opened  # who has no key comes to the papers alone
    places = PLACES if opened else [(path, name) for path, name in PLACES if path == PAPERS]
    told = {"title": title, "places": places, "here": here, "token": request.state.token, "version": __version__,
            "opened": opened}  # fmt: skip
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(**told, **shown), status)


def command(words: Sequence[str]) -> str:
    """A command to copy."""
    return shlex.join(["aitia", *words])


def command_in(folder: Path, words: Sequence[str]) -> str:
    """A command to copy that is given in a folder, from wherever it is pasted."""
    return f"cd {shlex.quote(str(folder))}\n{command(words)}"
