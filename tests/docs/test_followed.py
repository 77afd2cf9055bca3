"""Every other page: commands and snippets run in order, as typed, in one folder in which its user's files are.

On pages that show no numbers trainings and bootstraps are cut to a few steps.
"""

import re
import shlex
from dataclasses import fields, replace

import pytest
from tests.docs.owned import BEFORE, NEEDS, OWNED
from tests.docs.test_pages import DOCS, FENCE, PAGES, run_commands, run_python
from typer.testing import CliRunner

from aitia.cli import app
from aitia.system import System

SHORT = {
    "steps": 4, "first_steps": 4, "head_steps": 4, "branch_steps": 4, "rate_steps": 4, "probe_steps": 4,
    "reasoner_steps": 4, "adapt_steps": 4, "draw_steps": 4, "epochs": 1, "restarts": 1, "starts": 2,
    "null_draws": 20, "permutations": 20, "resamples": 20, "batch": 16, "width": 16,
}  # fmt: skip
WHOLE = ("fit", "tables", "trace", "sites", "tutorials/trace-explain-edit")
"""Pages whose numbers are shown."""
INDENTED = re.compile(r"^    (aitia (?:[^\n\\]|\\\n|\\.)*)", re.MULTILINE)
STEP = re.compile(f"{FENCE.pattern}|{INDENTED.pattern}", re.MULTILINE | re.DOTALL)


@pytest.fixture
def short(monkeypatch):
    """Systems whose options of length are at most those of SHORT."""
    begin = System.__init__

    def shorter(self, config=None, /, **options):
        begin(self, config, **options)
        at_most = {f.name: getattr(self.config, f.name) for f in fields(self.config) if f.name in SHORT and f.init}
        cut = {name: min(SHORT[name], value) for name, value in at_most.items() if type(value) is int}
        self.config = replace(self.config, **cut)

    monkeypatch.setattr(System, "__init__", shorter)


def steps(page):
    """What a page tells to type, in order: (kind, text)."""
    text = re.sub(r"^    (?=\$ )", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = []
    for match in STEP.finditer(text):
        if match["kind"] is not None:
            found += [(match["kind"], match["text"])] if match["kind"] in ("python", "console") else []
        else:
            found.append(("command", re.sub(r"\\\n\s*", " ", match[match.re.groups])))
    return found


def prepare(line, folder):
    """What the user makes before this command."""
    for begin, made in BEFORE.items():
        if line.startswith(begin):
            made(folder)


def follow(line, folder):
    prepare(line, folder)
    arguments = shlex.split(line, comments=True)[1:]
    arguments = arguments[: next((k for k, word in enumerate(arguments) if "   " in word), len(arguments))]
    done = CliRunner().invoke(app, arguments)
    fine = (0, 3) if arguments[0] == "edit" else (0,)  # an edit of a network that has learnt nothing may not take
    assert done.exit_code in fine, (line, done.output, done.exception)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(OWNED))
def test_a_page_runs_as_typed_in_order(name, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AITIA_FEED", str(tmp_path / "feed.sqlite"))
    if name not in WHOLE:
        request.getfixturevalue("short")
    names, page = OWNED[name](tmp_path), DOCS / f"{name}.md"
    done = steps(page)
    assert done
    for kind, text in done:
        if kind == "command":
            follow(re.split(r"  {3,}", text)[0], tmp_path)
        elif kind == "console":
            for shown in re.split(r"^(?=\$ )", text, flags=re.MULTILINE):
                prepare(shown.removeprefix("$ "), tmp_path)
                run_commands(shown)
        elif name not in NEEDS or NEEDS[name] not in text:
            run_python(text, names, page)


def test_every_page_with_something_to_type_is_followed_here_or_elsewhere():
    """Pages of errors, those of `test_pages` and the tutorial have tests of their own; the API's have doctests."""
    typed = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md") if steps(page)}
    elsewhere = {name for name in typed if name.startswith(("errors/", "api/"))} | {*PAGES, "tutorial"}
    assert typed - elsewhere == set(OWNED) | {name for name, mark in NEEDS.items() if not mark}
    assert all(mark in (DOCS / f"{name}.md").read_text(encoding="utf-8") for name, mark in NEEDS.items())
