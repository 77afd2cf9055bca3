"""The pages listed here do what they print: snippets and commands run in order, as typed, in one folder."""

import doctest
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aitia.cli import app
from aitia.errors import AitiaError
from aitia.system.registry import systems

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (
    "index", "graphs", "scm", "do", "knowledge", "tutorials/messy-table", "tutorials/defended-effect",
    "tutorials/three-switches", "tutorials/causal-reasoning", "tutorials/model-knowledge",
)  # fmt: skip
FENCE = re.compile(r"^```(?P<kind>\S+)(?: \w+)?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    """The fenced blocks of a page: kind and text."""
    return [(found["kind"], found["text"]) for found in FENCE.finditer(page.read_text(encoding="utf-8"))]


def printed(line):
    """What a command of the page prints, both streams in order."""
    program, *arguments = shlex.split(line)
    assert program == "aitia"
    done = CliRunner().invoke(app, arguments)
    if isinstance(done.exception, AitiaError):
        return f"{done.output}aitia: {done.exception}"  # as `aitia.cli.main` tells it
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output


def agrees(shown, output):
    """Whether the lines shown are those printed, in order; a line of three dots stands for any."""
    parts = [r".*?" if line == "..." else re.escape(line) + r"\n" for line in shown]
    return re.fullmatch("".join(parts), output, re.DOTALL) is not None


def run_commands(text):
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, *shown = part.splitlines()
        told = [line for line in printed(line).splitlines() if not line.startswith("predicted: ")]
        output = "".join(line.rstrip().replace(f"{Path.cwd()}/", "") + "\n" for line in told if line.strip())
        assert agrees([line for line in shown if line.strip() and not line.startswith("predicted: ")], output), (
            f"{line}\n{output}"
        )


def run_python(text, names, page):
    if ">>>" not in text:
        exec(compile(text, page.name, "exec"), names)  # a page of ours
        return
    runner = doctest.DocTestRunner()
    told = []
    snippet = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    snippet.globs = names  # which the next snippet goes on with
    runner.run(snippet, out=told.append, clear_globs=False)
    assert not runner.failures, "".join(told)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_what_it_prints(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, names, ran = DOCS / f"{name}.md", {}, 0
    for kind, text in blocks(page):
        if caption := re.match(r":caption: (\S+)\n", text):
            Path(caption[1]).write_text(text[caption.end() :], encoding="utf-8")
        elif kind == "python":
            run_python(text, names, page)
        elif kind == "console":
            run_commands(text)
        ran += kind in ("python", "console")
    assert ran


def test_a_page_that_shows_other_lines_is_caught():
    assert agrees(["a", "...", "d"], "a\nb\nc\nd\n")
    assert not agrees(["a", "d"], "a\nb\nd\n")
    assert not agrees(["a.c"], "abc\n")
    with pytest.raises(AssertionError, match="Expected"):
        run_python(">>> 1 + 1\n3\n", {}, DOCS / "index.md")
    with pytest.raises(AssertionError, match="aitia --version"):
        run_commands("$ aitia --version\nanother\n")


def test_every_system_has_a_page_of_the_api_and_every_page_of_a_system_is_found_by_its_question():
    pages = {page.stem: page.read_text(encoding="utf-8") for page in (DOCS / "api" / "systems").glob("*.md")}
    for entry in systems().values():
        if not entry.package.startswith("aitia."):
            continue  # of another package
        module = f"aitia.systems.{entry.card.slug.replace('-', '_')}"
        home = pages.get(entry.card.slug, pages["causalverse"])
        assert f"automodule:: {module}\n" in home, entry.card.slug
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for page in (DOCS / "systems").glob("*.md"):
        assert page.stem == "index" or f"(systems/{page.name})" in index, page.name
