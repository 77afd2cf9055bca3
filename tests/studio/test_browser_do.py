"""A fitted run is asked in a real browser, by the keyboard; an open line is turned; the pages of both can be read.

See `chromium` for the browser.
"""

import numpy as np
import pytest
from playwright.sync_api import expect
from tests.studio.chromium import NARROW, WIDE, needs_chromium

import aitia
from aitia.system.example import example_of

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def runs(place, address):
    """A fit, and a discovery of a chain, whose lines the data leave open."""
    example = example_of("hca", place.parent / "example")
    aitia.fit("hca", str(example.files), out=place / "runs" / "fit", **example.named)
    rng = np.random.default_rng(0)
    a = rng.normal(size=300)
    b = a + 0.7 * rng.normal(size=300)
    chain = {"a": a, "b": b, "c": b + 0.7 * rng.normal(size=300)}
    aitia.discover(chain, method="pc", bootstrap=0, out=place / "runs" / "chain")
    return f"{address}/runs"


def test_a_fitted_run_is_asked_by_the_keyboard_and_its_answer_copied(tab, runs):
    tab.goto(f"{runs}/fit")
    tab.get_by_role("link", name="What if?").click()
    slider = tab.get_by_label("value of z1", exact=True)
    slider.focus()
    tab.keyboard.press("End")
    expect(tab.locator('[data-target="z1"] [data-use]')).to_be_checked()
    expect(tab.get_by_label("value of z1 as a number")).to_have_value(str(float(f"{float(slider.input_value()):.5g}")))
    tab.get_by_text("Pick rows of the fit by sight").click()
    tab.locator('[data-row="2"]').check()
    expect(tab.get_by_label("Their numbers")).to_have_value("2")
    tab.get_by_role("button", name="Ask", exact=True).press("Enter")
    drawn = tab.frame_locator("#drawn")
    expect(drawn.get_by_text("hca answers by solve").first).to_be_visible(timeout=90_000)
    expect(drawn.get_by_text("row 2: fact")).to_be_visible()
    tab.get_by_role("button", name="Copy as command").click()
    assert "--rows 2 --out runs/fit-do" in tab.evaluate("navigator.clipboard.readText()")
    tab.get_by_label("In words").fill("do(z1=")
    tab.get_by_role("button", name="Ask", exact=True).click()
    expect(tab.locator("#told")).to_be_visible()
    tab.get_by_label("effects").check()
    expect(tab.get_by_label("value of z1", exact=True)).to_be_hidden()
    expect(tab.get_by_label("On", exact=True)).to_be_visible()


def test_a_line_that_is_open_is_turned_and_becomes_knowledge(tab, runs):
    tab.goto(f"{runs}/chain/do")
    lines = tab.locator("#chosen li")
    before = lines.nth(0).locator("span").first.inner_text()
    tab.get_by_role("button", name=f"Turn {before}").press("Enter")
    cause, effect = before.split(" → ")
    said = tab.locator("#chosen li").filter(has_text="said").first
    expect(said).to_contain_text(f"{effect} → {cause}")
    expect(tab.get_by_role("button", name=f"Turn {effect} → {cause}")).to_be_focused()
    tab.get_by_label(f"value of {effect}").focus()
    tab.keyboard.press("End")
    expect(tab.locator("#python pre")).to_contain_text(f"required=[('{effect}', '{cause}')]")
    tab.get_by_role("button", name="Search again with what I said").click()
    expect(tab.locator("#told")).to_contain_text("the studio did not make chain")
    tab.get_by_role("button", name="As it was").click()
    expect(lines.filter(has_text="said")).to_have_count(0)


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (NARROW, "light")], ids=["wide", "narrow"])
def test_pages_fit_and_can_be_read_by_everybody(browser, address, runs, size, scheme):
    """axe finds nothing serious, and nothing is wider than the screen."""
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(90_000)
    for path in ("/systems/hca/fit?data=table:survey", "/runs/fit/ask", "/runs/fit-do", "/runs/chain/do", "/boards",
                 "/boards/orca", "/compare?a=chain&b=fit"):  # fmt: skip
        page.goto(address + path, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"] + 1, path
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not serious, (path, [(one["id"], one["nodes"][0]["html"][:200]) for one in serious])
    context.close()
