"""The wheel in a clean environment: every command runs, or names the extra that it lacks in one sentence.

Commands start with `env -i`, in a folder of their own, from environments outside of this project.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = ("", "[data]", "[nets]")
COMMANDS = ("adapt", "bench", "data", "demo", "discover", "do", "edit", "effects", "encode", "export", "feed", "list",
            "predict", "run", "show", "trace", "verify", "world")  # fmt: skip
FORKS = """
import contextlib, io, json, os, sys
from aitia.cli import main  # what every command loads first
from aitia.system import systems

cards = [entry.card for entry in systems().values()]
commands, told = json.loads(sys.argv[1]), []
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    with contextlib.suppress(SystemExit):
        sys.argv = ["aitia", *commands[0]]
        main()  # loads what the others need too
for words in commands:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(write, 1)
        os.dup2(write, 2)
        sys.argv = ["aitia", *words]
        main()
        sys.exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    told.append((os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text))
json.dump(told, sys.stdout)
"""
"""Runs commands, each in a fork of a process that has run the first of them."""
HASHES = """
from aitia.evidence import STORED
from aitia.evidence.remembered import remembered_hash
from aitia.workflow.verify import claim_module

for file in STORED.glob("*.json"):
    if "." not in file.stem:
        remembered_hash(claim_module(file.stem))
"""
"""What `show` looks up, for all systems in one process: most of their code is the same."""
SENTENCE = re.compile(r"\Aaitia: [^\n]*pip install '?aitia\[(data|nets|language)\]'?[^\n]*\n\Z")
"""One line, which names an extra."""


def uv():
    """The uv beside this interpreter, as the Makefile installs it; else that on the path."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None:
        pytest.fail("uv is not installed: `make test` brings it")
    return found


def installing(*arguments):
    links = os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", "")
    env = {**os.environ, "UV_COMPILE_BYTECODE": "0", "UV_FIND_LINKS": links}
    env.pop("PYTHONPATH", None)
    done = subprocess.run([uv(), *map(str, arguments)], capture_output=True, text=True, env=env, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the wheel and an environment of its own, without anything in it."""
    folder = tmp_path_factory.mktemp("installed")
    installing("build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
    installing("venv", "--quiet", "--python", sys.executable, folder / "venv")
    return folder


@pytest.fixture(scope="module", params=EXTRAS, ids=["base", "data", "nets"])
def installed(request, place):
    """The environment with the wheel and this extra, each on top of the one before; and how to run a command of it."""
    python, wheel = place / "venv" / "bin" / "python", next(place.glob("aitia-*.whl"))
    constraints = ROOT / "constraints.txt"
    installing("pip", "install", "--quiet", "--python", python, "-c", constraints, f"{wheel}{request.param}")
    return Installed(request.param, place)


class Installed:
    def __init__(self, extra, folder):
        self.extra, self.folder = extra, folder
        self.work = folder / f"work{extra}"
        self.work.mkdir()
        rng = np.random.default_rng(0)
        age, noise, other = rng.normal(size=(3, 300))
        dose = 0.7 * age + noise
        rows = np.column_stack([age, dose, 0.8 * dose + 0.5 * age + other])
        lines = ["age,dose,recovery", *(",".join(f"{v:.4f}" for v in row) for row in rows)]
        (self.work / "small.csv").write_text("\n".join(lines) + "\n")
        (self.work / "graph.txt").write_text("age -> dose\nage -> recovery\ndose -> recovery\n")

    def python(self, *arguments):
        bare = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        command = [str(self.folder / "venv" / "bin" / "python"), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=self.work, env=bare, check=False)

    def aitia(self, *arguments):
        return self.python(self.folder / "venv" / "bin" / "aitia", *arguments)

    def runs(self, *arguments):
        done = self.aitia(*arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def run_all(self, *commands):
        """What each of them says, of as many commands as there are."""
        done = self.python("-c", FORKS, json.dumps(commands))
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert [code for code, _ in found] == [0] * len(commands), found
        return [said for _, said in found]

    def names_an_extra(self, *arguments):
        """The extra that the command asks for; nothing else may be said."""
        done = self.aitia(*arguments)
        told = SENTENCE.match(done.stderr)
        assert told, (arguments, done.stdout, done.stderr)
        assert done.returncode == 2
        return told.group(1)


def test_nothing_but_what_is_named_is_installed(installed):
    there = installed.python(
        "-c",
        "import importlib.util as u; print([n for n in ('pandas', 'torch', 'transformers') if u.find_spec(n)])",
    )
    expected = {"": [], "[data]": ["pandas"], "[nets]": ["pandas", "torch"]}[installed.extra]
    assert set(expected) <= set(eval(there.stdout))
    if installed.extra != "[nets]":  # what brings transformers beside torch is not ours to say
        assert eval(there.stdout) == expected


def test_the_import_is_silent_where_warnings_are_errors(installed):
    done = installed.python("-W", "error", "-c", "import aitia")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_help_and_every_card_is_shown(installed):
    listed = re.findall(r"^│ (\w+) ", installed.runs("--help").partition("Commands")[2], re.MULTILINE)
    assert set(COMMANDS) <= set(listed)
    assert all("--help" in said for said in installed.run_all(*([command, "--help"] for command in listed)))
    installed.python("-c", HASHES)
    slugs = installed.python("-c", "from aitia.system import systems; print(*systems())").stdout.split()
    assert "cd-nod" in installed.runs("list")
    shown = slugs if installed.extra == "" else ("hca", "cd-nod")
    assert all(installed.run_all(*(["show", slug] for slug in shown)))
    assert all("--help" in said for said in installed.run_all(*(["run", slug, "--help"] for slug in shown)))


def test_a_table_is_searched_and_asked(installed):
    found = installed.runs("discover", "small.csv")
    assert "dose" in found
    effect = installed.runs("do", "small.csv", "do(dose=1)", "--against", "do(dose=0)", "--outcome", "recovery",
                            "--graph", "graph.txt", "--resamples", "20")  # fmt: skip
    low, high = map(float, re.search(r"\[(\S+), (\S+)\]", effect).groups())
    assert low < 0.8 < high  # the coefficient that the rows were made with
    if installed.extra == "":
        assert installed.names_an_extra("discover", "small.csv", "--out", "kept") == "data"
        assert not (installed.work / "kept").exists()
    else:
        installed.runs("discover", "small.csv", "--out", "kept")
        assert (installed.work / "kept" / "report.html").is_file()


@pytest.mark.parametrize("slug", ["cd-nod", "hca"])
def test_a_claim_is_measured_with_base_dependencies(installed, slug):
    if installed.extra != "":
        return  # what runs without pandas and torch is run beside them by all other tests
    done = installed.aitia("verify", slug, "--quick")
    assert done.returncode == 0, done.stderr
    assert (installed.work / "evidence" / f"{slug}.quick.json").is_file()


def test_what_cannot_be_saved_is_said_before_any_work(installed):
    run = ("run", "hca", "--data", "capabilities", "--out", "fitted")
    if installed.extra != "[nets]":
        assert installed.names_an_extra(*run) == "nets"
        assert not (installed.work / "fitted").exists()
        return
    installed.runs(*run)
    installed.runs("encode", "fitted")
    assert "z1" in (installed.work / "fitted" / "encode" / "encode.csv").read_text(encoding="utf-8")


def test_what_takes_a_network_names_its_extra(installed):
    asks = [
        ("trace", "./model", "The capital of France is"),
        ("edit", "./model", "The capital of France is", "--answer", " Rome", "--out", "edited"),
        ("verify", "causalm", "--quick"),
        ("run", "causalm", "--example"),
    ]
    for ask in asks:
        assert installed.names_an_extra(*ask) in (
            ("language",) if installed.extra == "[nets]" else ("nets", "language")
        )
    if installed.extra != "[nets]":
        for ask in [("run", "vae", "--data", "pendulum"), ("bench", "pendulum", "--systems", "vae"),
                    ("verify", "gde", "--quick")]:  # fmt: skip
            assert installed.names_an_extra(*ask) == "nets"
    drawn = ("world", "pendulum", "--n", "10", "--out", "drawn")
    if installed.extra == "":
        assert installed.names_an_extra(*drawn) == "nets"
    else:  # plots bring pillow
        assert installed.runs(*drawn)


def test_an_answer_of_a_run_that_is_not_there_is_one_sentence(installed):
    for ask in [("predict", "nowhere", "small.csv"), ("encode", "nowhere"), ("effects", "nowhere"),
                ("adapt", "nowhere", "small.csv", "--out", "x"), ("export", "nowhere", "--out", "x"),
                ("do", "nowhere", "do(x=1)", "--outcome", "y")]:  # fmt: skip
        done = installed.aitia(*ask)
        assert done.returncode == 2
        assert re.fullmatch(r"aitia: [^\n]+\n", done.stderr), done.stderr
