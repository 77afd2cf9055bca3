"""The papers in a real browser that runs no script: forms are sent from where they are, pages are read by everybody."""

import re
import threading
import time

import pytest
import uvicorn
from tests.feed.conftest import post_office
from tests.feed.feeds import JOURNAL
from tests.studio.chromium import NARROW, WIDE, needs_chromium

from aitia.feed import Links, MailServer, Store, add_source, run_pass, told_of
from aitia.studio import Workspace, create_app
from aitia.studio.papers import Papers

pytestmark = needs_chromium
WHO = "who@reader.example"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The address of a studio that is served, and the file of its feed."""
    import socket

    folder = tmp_path_factory.mktemp("papers")
    (folder / "journal.xml").write_bytes(JOURNAL)
    with Store(folder / "feed.sqlite") as store:
        add_source(store, str(folder / "journal.xml"))
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{held.getsockname()[1]}"
    papers = Papers(folder / "feed.sqlite", links=Links(address))
    server = uvicorn.Server(uvicorn.Config(create_app(Workspace(folder / "studio"), feed=papers), log_level="error"))
    thread = threading.Thread(target=server.run, args=([held],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield address, folder / "feed.sqlite"
    server.should_exit = True
    thread.join(20)
    held.close()


def test_a_reader_without_scripts_subscribes_votes_and_leaves(browser, served):
    address, place = served
    context = browser.new_context(viewport=NARROW, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{address}/papers")
    page.get_by_label("A need, in your own words").fill("soil")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Causal graphs of soil").click()
    page.get_by_text("Roots come last.").wait_for()
    page.go_back()
    page.get_by_label("Your address").fill(WHO)
    page.get_by_label("How often").select_option("weekly")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_text("a mail with a link is on its way").wait_for()
    with post_office() as office, Store(place) as store:
        server = MailServer("127.0.0.1", "papers@group.example", "none", office.port)

        def mailed(what):
            run_pass(store, server, Links(address))
            return re.search(rf"{address}/papers/{what}\?\S+", office.parsed()[-1].get_body(("plain",)).get_content())[
                0
            ]

        page.goto(mailed("confirm"))
        page.get_by_role("button", name="Begin").click()
        page.get_by_text(f"{WHO} gets weekly what is new on “soil”").wait_for()
        page.goto(mailed("vote"))
        page.get_by_role("button", name="Vote for it").click()
        page.get_by_text("Your vote is counted").wait_for()
        page.goto(office.parsed()[-1]["List-Unsubscribe"].strip("<>"))
        page.get_by_role("button", name="End it").click()
        page.get_by_text("No more mail comes.").wait_for()
        told = told_of(store, WHO)
    assert (told["state"], len(told["votes"])) == ("gone", 1)
    context.close()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow"])
def test_the_pages_fit_and_can_be_read_by_everybody(browser, served, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    address, _ = served
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page, faults = context.new_page(), []
    page.on("console", lambda message: faults.append(message.text))
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else faults.append(asked.url))
    page.goto(f"{address}/papers?q=soil")
    item = page.get_by_role("link", name="Causal graphs of soil").get_attribute("href")
    for path in ("/papers", "/papers?q=soil", item, "/papers/unsubscribe?token=x", "/systems?q=what+changed"):
        page.goto(address + path, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"] + 1, path
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not serious, (path, [(one["id"], one["nodes"][0]["html"][:200]) for one in serious])
    context.close()
    assert not faults
