"""Who opens the studio for the first time discovers, intervenes, verifies and traces by what stands on the pages.

Nothing is reached but by its label: with the mouse, with the claim measured (slow); and by the keyboard alone.
"""

import json
import re
import shutil

import pytest
from playwright.sync_api import expect
from tests.docs.files import language_model
from tests.studio.chromium import NARROW, WIDE, needs_chromium, serious, served

pytestmark = needs_chromium
WAITS = 150_000
"""Milliseconds for what takes a job; of a claim twice as many."""
TABS = 400
"""Presses of the tabulator after which something cannot be reached."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    place = tmp_path_factory.mktemp("model") / "tiny"
    language_model(place)
    return place


@pytest.fixture
def studio(tmp_path, tiny):
    """The address of a fresh studio, into whose folder a model was put; and the folder."""
    folder = tmp_path / "studio"
    with served(folder) as address:
        shutil.copytree(tiny, folder / "models" / "tiny")
        yield address, folder


class Mouse:
    """Clicks what has a name."""

    def __init__(self, page):
        self.page = page

    def press(self, role, name, within=None):
        self._found(role, name, within).click()

    def write(self, name, text):
        self.page.get_by_role("textbox", name=name, exact=True).fill(text)

    def pick(self, name, option):
        self.page.get_by_role("combobox", name=name).select_option(option)

    def cell(self, name):
        self.page.get_by_role("gridcell", name=name).click()

    def _found(self, role, name, within):
        return (within or self.page).get_by_role(role, name=name).first


class Keyboard(Mouse):
    """Goes from one thing to the next by Tab and the arrows, and touches nothing else."""

    def press(self, role, name, within=None):
        self._reach(self._found(role, name, within))
        self.page.keyboard.press("Enter")

    def write(self, name, text):
        self._reach(self.page.get_by_role("textbox", name=name, exact=True))
        self.page.keyboard.type(text)

    def pick(self, name, option):
        field = self.page.get_by_role("combobox", name=name)
        self._reach(field)
        self.page.keyboard.type(option)
        expect(field).to_have_value(option)

    def cell(self, name):
        grid = self.page.get_by_role("grid")
        self._reach(grid.locator('[tabindex="0"]'))
        self.page.keyboard.press("Control+End")
        for key in ("ArrowUp", "ArrowLeft", "ArrowRight"):
            self.page.keyboard.press(key)
        expect(self.page.get_by_role("gridcell", name=name)).to_be_focused()
        self.page.keyboard.press("Enter")

    def _reach(self, wanted):
        wanted.wait_for()
        place = wanted.element_handle()
        for _ in range(TABS):
            if place.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{wanted} is not reached by Tab")


def walk(page, hand, address, *, measured):
    """Discover, do, verify, trace."""
    page.goto(address)
    hand.press("link", re.compile("^Discover Drop"))
    hand.press("link", "survey")
    expect(page.get_by_text("2,000 rows, 6 columns")).to_be_visible()
    hand.press("button", "Search for causes")
    expect(page.get_by_role("button", name="age --- education")).to_be_visible()

    hand.press("link", "What if?")
    hand.pick("value of education", "university")
    expect(page.get_by_text("do(education=").first).to_be_visible()
    expect(page.get_by_role("button", name="Copy as Python")).to_be_visible()

    hand.press("link", "Ledger")
    hand.press("link", cheapest(page))
    hand.press("button", "Verify the first seed")
    page.wait_for_url("**/runs/verify-*")
    if measured:
        expect(page.get_by_text("measured on this machine")).to_be_visible(timeout=2 * WAITS)
        assert page.get_by_role("row").count() > 5
    else:
        hand.press("button", "Cancel")
        expect(page.get_by_role("button", name="Go on")).to_be_visible()

    hand.press("link", re.compile("^Inside"), page.get_by_role("navigation", name="Places"))
    hand.press("link", "models/tiny")
    hand.write("Prompt", "The capital of France is")
    hand.write("Corrupted prompt", "The capital of Italy is")
    hand.press("button", "Trace")
    expect(page.get_by_role("grid")).to_be_visible()
    hand.cell("layers.1, 4 is: +0.860")
    expect(page.get_by_text("+0.860 of the way is restored")).to_be_visible()
    rows = page.locator("#cell").get_by_role("row")
    assert rows.count() == 9
    assert re.findall(r'"?([\w.]+)"?', rows.nth(1).inner_text()) == ["capital", "0.019", "0.329", "0.410"]


def cheapest(page):
    """The system whose minutes are fewest in the ledger, as one reads it there."""
    page.get_by_role("columnheader", name="minutes").wait_for()
    rows = page.get_by_role("row").all_inner_texts()
    told = [row.split() for row in rows[1:]]
    known = [(float(row[-1]), row[0]) for row in told if "." in row[-1] or row[-1].isdigit()]
    return min((minutes, slug) for minutes, slug in known if minutes < 60)[1]


@pytest.fixture
def page(browser, studio):
    address, _ = studio
    context = browser.new_context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"])
    page, faults = context.new_page(), []
    page.set_default_timeout(WAITS)
    expect.set_options(timeout=WAITS)
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else faults.append(asked.url))
    yield page
    context.close()
    assert not faults


@pytest.mark.slow
def test_a_newcomer_discovers_intervenes_verifies_and_traces(page, studio):
    address, folder = studio
    walk(page, Mouse(page), address, measured=True)
    (evidence,) = folder.glob("runs/verify-*/*.quick.json")  # in the workspace, and nowhere else
    assert json.loads(evidence.read_text())["rows"]


def test_the_same_goes_by_the_keyboard_alone(page, studio, browser):
    """But for the wait for the claim, which is cancelled."""
    address, _ = studio
    page.add_init_script("addEventListener('mousedown', () => { throw new Error('the mouse was used'); })")
    walk(page, Keyboard(page), address, measured=False)
    traced = page.url
    for size in (WIDE, NARROW):
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
            other = context.new_page()
            for path in ("/inside", "/inside?model=models/tiny", traced):
                other.goto(path if path.startswith("http") else address + path, wait_until="networkidle")
                if path == traced:
                    other.get_by_role("gridcell").nth(14).click()
                    expect(other.get_by_text("of the way is restored")).to_be_visible()
                assert other.evaluate("document.documentElement.scrollWidth") <= size["width"] + 1, path
                assert not serious(other), (path, scheme)
            context.close()
