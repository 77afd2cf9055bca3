"""Every command and snippet of README and the tutorial runs as typed, in order, with a bare environment.

Files of a user have the names that README uses, and hold what it says of them.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.docs.test_pages import agrees
from tests.inside.conftest import build

from aitia.worlds.capabilities import CapabilitiesWorld

ROOT = Path(__file__).parents[2]
STEP = re.compile(
    r"^    (?P<line>aitia [^\n#]*)|^```python\n(?P<python>.*?)^```|"
    r"^\$ (?P<shown>aitia [^\n]*)\n(?P<output>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


def steps(page):
    """What a page tells to type, in order: (kind, text, the output that it shows or None)."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        ("python", m["python"], None) if m["python"] else ("command", (m["line"] or m["shown"]).strip(), m["output"])
        for m in STEP.finditer(text)
    ]


class Place:
    """A folder in which one page is followed."""

    def __init__(self, folder):
        self.folder = folder

    def follow(self, kind, text):
        bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": str(self.folder)}
        program = text if kind == "python" else "from aitia.cli import main; main()"
        arguments = [] if kind == "python" else shlex.split(text)[1:]
        return subprocess.run(
            [sys.executable, "-c", program, *arguments], cwd=self.folder, env=bare, capture_output=True, text=True,
            check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def readme(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("readme"))
    rng = np.random.default_rng(0)
    day = np.arange(150)
    dose = 1 + np.sin(day / 12) + 0.3 * rng.normal(size=150)
    age = 50 + 8 * rng.normal(size=150)
    recovery = 2 * dose + 0.05 * age + 0.3 * rng.normal(size=150)
    lines = [f"{d},{a:.3f},{b:.1f},{c:.3f}" for d, a, b, c in zip(day, dose, age, recovery, strict=True)]
    (place.folder / "table.csv").write_text("\n".join(["day,dose,age,recovery", *lines, ""]))
    world = CapabilitiesWorld(capabilities=3, scores=6)
    sample = world.sample(1000, seed=0)
    scores = 10 + 2 * np.asarray(world.render(sample))
    lines = [",".join([str(b), *(f"{v:.3f}" for v in row)]) for b, row in zip(sample.labels, scores, strict=True)]
    head = "base,reading,writing,logic,sums,facts,code"
    (place.folder / "leaderboard.csv").write_text("\n".join([head, *lines, ""]))
    drawn = place.follow("command", "aitia world pendulum --n 60 --size 32 --out drawn")
    assert drawn.returncode == 0, drawn.stderr
    shutil.copytree(place.folder / "drawn" / "train", place.folder / "pictures")
    shutil.copytree(place.folder / "drawn" / "test", place.folder / "new-pictures")
    build(place.folder / "smollm2")
    asked = {"question": "The capital of France is", "options": ["Paris", "Rome"], "label": "Paris"}
    (place.folder / "questions.jsonl").write_text(json.dumps(asked) + "\n")
    return place


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("tutorial"))


@pytest.mark.parametrize("number", range(len(steps("README.md"))))
def test_readme_runs_as_typed(number, readme):
    kind, text, _ = steps("README.md")[number]
    done = readme.follow(kind, text)
    # The network of the test has learnt nothing: an edit of it may well not take, which has a code of its own.
    fine = (0, 3) if text.startswith("aitia edit ") else (0,)
    assert done.returncode in fine, (text, done.stdout, done.stderr)
    said = re.search(r"#[^\n]* (\w+)/report.html", next((line for line in (ROOT / "README.md").read_text(
        encoding="utf-8").splitlines() if text in line and kind == "command"), ""))  # fmt: skip
    if said:
        assert (readme.folder / said[1] / "report.html").is_file()


@pytest.mark.parametrize("number", range(len(steps("docs/tutorial.md"))))
def test_the_tutorial_runs_as_typed_and_prints_what_it_shows(number, tutorial):
    kind, text, output = steps("docs/tutorial.md")[number]
    done = tutorial.follow(kind, text)
    if output is not None:
        printed = done.stdout + re.sub(r"^predicted[^\n]*\n", "", done.stderr)
        assert printed == output or agrees(output.splitlines(), printed), printed
    assert done.returncode == (2 if (output or "").startswith("aitia: ") else 0), (text, done.stderr)


def test_readme_names_the_targets_of_make_that_there_are():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"^    make (\w+)", text, re.MULTILINE)
    assert targets == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    assert re.search(r"^demo:[^\n]*\n\t\$\(BIN\)/aitia demo", makefile, re.MULTILINE)
