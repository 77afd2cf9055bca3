"""One thread where nobody asks for more: counted inside of the work, in a process with a bare environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).parents[2] / "src"
COUNTED = """
import json, sys
from threadpoolctl import threadpool_info

def most():
    return max([p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"], default=0)

import aitia
before, seen = most(), []  # numpy's BLAS is there before any command begins

from aitia.scm import SCM
whole = SCM.fit.__func__

def fit(cls, *given, **named):
    seen.append(most())
    return whole(cls, *given, **named)

SCM.fit = classmethod(fit)
"""
COMMAND = """
sys.argv = ["aitia", *sys.argv[1:]]
from aitia.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
print(json.dumps([before, len(seen), max(seen)]))
"""
PYTHON = """
from aitia.discovery import estimate_effect
from aitia.graph.formats import read_graph

table, graph = aitia.read_table(sys.argv[1]), read_graph(sys.argv[2])
estimate_effect(graph, table, aitia.Intervention.parse("do(dose=1)"), "recovery", resamples=5)
print(json.dumps([before, len(seen), max(seen), most()]))
"""


def bare(script, *arguments, **environment):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "HOME": "/nonexistent", **environment}
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("threads")
    rng = np.random.default_rng(0)
    dose, noise = rng.normal(size=(2, 472))
    rows = np.column_stack([dose, np.sin(dose) + 0.3 * noise])
    (folder / "t.csv").write_text("dose,recovery\n" + "".join(f"{a:.4f},{b:.4f}\n" for a, b in rows))
    (folder / "g.txt").write_text("dose -> recovery\n")
    return folder


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="a machine of one core has one thread whatever is set")
def test_do_fits_on_one_thread_in_a_bare_environment(place):
    ask = (place / "t.csv", "do(dose=1)", "--outcome", "recovery", "--graph", place / "g.txt", "--resamples", "5")
    before, fits, most = json.loads(bare(COUNTED + COMMAND, "do", *ask).splitlines()[-1])
    assert before > 1  # or nothing would be shown
    assert (fits, most) == (6, 1)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="a machine of one core has one thread whatever is set")
def test_an_effect_asked_from_python_fits_on_one_thread_and_leaves_the_rest_of_the_program_its_threads(place):
    before, fits, most, after = json.loads(bare(COUNTED + PYTHON, place / "t.csv", place / "g.txt"))
    assert before > 1
    assert (fits, most, after) == (6, 1, before)


@pytest.mark.parametrize(
    ("flags", "environment", "threads"),
    [((), {}, 1), (("--threads", "2"), {}, 2), ((), {"OMP_NUM_THREADS": "2"}, 2),
     (("--threads", "1"), {"OMP_NUM_THREADS": "2"}, 1)],
)  # fmt: skip
def test_a_run_says_on_how_many_threads_it_ran(flags, environment, threads, place, tmp_path):
    command = "from aitia.cli import main; main()"
    bare(command, *flags, "discover", place / "t.csv", "--out", tmp_path / "run", **environment)
    told = json.loads((tmp_path / "run" / "timing.json").read_text())["threads"]
    assert told["blas"] in {threads, min(threads, os.cpu_count() or 1)}  # OpenBLAS takes no more than there are cores
    assert "threads" not in json.loads((tmp_path / "run" / "run.json").read_text())


def test_no_threads_is_one_sentence(aitia):
    done = aitia("--threads", "0", "list")
    assert (done.returncode, done.stderr) == (2, "aitia: --threads is a number of threads, 1 or more, got 0\n")
