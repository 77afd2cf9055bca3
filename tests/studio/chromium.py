"""A studio that is served and Debian's Chromium, driven by Playwright; skipped, saying so, where there is none."""

import shutil
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn

from aitia.studio import Workspace, create_app

__all__ = ["NARROW", "WIDE", "needs_chromium", "serious", "served", "started"]

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium is installed: pages are not opened in a browser"
)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run"]  # fmt: skip
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@contextmanager
def served(folder, **options):
    """The address of a studio of this folder, on a free port."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    app = create_app(Workspace(folder), hosts={f"127.0.0.1:{port}"}, **options)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, args=([held],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)
    held.close()


@contextmanager
def started():
    """The browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        held = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield held
        held.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder of the studio."""
    return tmp_path_factory.mktemp("browser") / "studio"


@pytest.fixture(scope="module")
def address(place):
    with served(place) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with started() as browser:
        yield browser


@pytest.fixture
def tab(browser, address):
    """A tab, in which no script fails and nothing is refused by the policy, and which asks no other host."""
    context = browser.new_context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"])
    page, faults = context.new_page(), []
    page.set_default_timeout(90_000)
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else faults.append(asked.url))
    yield page
    context.close()
    assert not [fault for fault in faults if "400 (Bad Request)" not in fault]


def serious(page):
    """What axe finds on a page that is serious."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")]
