"""The way of a new user through a real browser: drop a table, search, ask, set, estimate; nothing ugly or hidden."""

import re
import time

import numpy as np
import pytest
from playwright.sync_api import expect
from tests.studio.chromium import NARROW, WIDE, needs_chromium, serious

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    x, y, e = rng.normal(size=(3, 300))
    place = tmp_path_factory.mktemp("dropped") / "my lab.csv"
    lines = [f"{a:.4f},{b:.4f},{a + b + 0.5 * c:.4f}" for a, b, c in zip(x, y, e, strict=True)]
    place.write_text("\n".join(["dose,age,answer", *lines]))
    return place


@pytest.fixture(scope="module")
def searched(browser, address, table):
    """The address of a discovery that was made by hand."""
    page = browser.new_page(viewport=WIDE)
    page.set_default_timeout(120_000)
    page.goto(address)
    page.get_by_role("link", name="Discover Drop a table").click()
    page.set_input_files('input[type="file"]', table)
    page.wait_for_url("**/discover/my-lab*.csv")
    page.get_by_label("What is known").fill("tier: age")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Random halves").fill("10")
    page.get_by_role("button", name="Search for causes").click()
    page.wait_for_selector('#graph[data-ready="yes"]')
    found = page.url
    page.close()
    return found


def test_a_new_user_discovers_and_asks_without_reading(tab, searched):
    tab.goto(searched)
    tab.wait_for_selector('#graph[data-ready="yes"]')
    edges = tab.locator("#edges tbody tr")
    assert sorted(edges.nth(k).locator("button").inner_text() for k in range(edges.count())) == [
        "age --> answer", "dose --> answer",
    ]  # fmt: skip
    tab.get_by_role("button", name="dose --> answer").click()
    assert "Dependent" in tab.locator("#edge").inner_text()
    tab.get_by_label("Exposure").select_option("dose")
    tab.get_by_label("Outcome").select_option("answer")
    tab.get_by_text("The effect can be told.").wait_for()
    tab.get_by_label("Hidden").select_option("age")
    tab.locator("#edge").get_by_role("button", name="Turn").click()
    tab.get_by_text("required: answer -> dose").wait_for()
    tab.get_by_text("no causal path").wait_for()
    tab.get_by_role("button", name="Undo").click()
    tab.get_by_text("Nothing yet.").wait_for()
    with tab.expect_download() as taken:
        tab.get_by_role("link", name="dagitty").click()
    assert "dose -> answer" in taken.value.path().read_text()


def test_a_file_that_is_chosen_before_the_script_has_come_is_sent(tab, address, table):
    def late(route):
        time.sleep(1)
        route.continue_()

    tab.route("**/studio.js", late)
    tab.goto(f"{address}/discover", wait_until="commit")
    tab.set_input_files('input[type="file"]', table)
    tab.wait_for_url("**/discover/my-lab*.csv")


def test_sliders_move_distributions_and_say_what_was_done(tab, searched):
    tab.goto(searched)
    tab.get_by_role("link", name="What if?").click()
    mean = tab.locator('[data-variable="answer"] p')
    before = mean.inner_text()
    tab.get_by_label("value of dose").focus()
    tab.keyboard.press("End")  # by the keyboard alone
    expect(tab.locator("#said")).to_contain_text("do(dose=")
    after = [float(one) for one in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", mean.inner_text())]
    assert float(before.split()[1]) == after[0]
    assert after[1] - after[0] > 1.5  # the largest dose, and answer = dose + age + noise
    untouched = tab.locator('[data-variable="age"] p').inner_text()
    assert len(set(re.findall(r"-?\d[\d.e-]*", untouched))) == 1
    tab.get_by_role("button", name="Copy as Python").click()
    assert "model.do('do(dose=" in tab.evaluate("navigator.clipboard.readText()")
    tab.get_by_role("button", name="Set nothing").click()
    expect(tab.locator("#said")).to_be_empty()


def test_what_cannot_be_is_told_on_the_page(tab, searched):
    tab.goto(searched + "/do")
    tab.get_by_label("do", exact=True).fill("do(dose=")
    tab.get_by_role("button", name="Estimate").click()
    tab.locator("#told").wait_for()
    assert tab.locator("#told").inner_text()
    assert tab.url.endswith("/do")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_can_be_read_by_everybody(browser, address, searched, size, scheme):
    """axe finds nothing serious, and nothing is wider than the screen."""
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    for path in ("/", "/discover", "/discover/survey", "/runs", "/systems", "/systems/pc", "/ledger", searched,
                 searched + "/do"):  # fmt: skip
        page.goto(path if path.startswith("http") else address + path, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"] + 1, path
        assert not serious(page), path
    context.close()
