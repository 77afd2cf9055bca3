"""One map for every engine: workers that die, here and on a Ray cluster of two real processes, change no number."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from aitia.cluster import ProcessEngine, RayEngine, _task, engine_told, opened_engine, workers
from aitia.engine import LocalEngine
from aitia.errors import MissingExtraError, OptionError, RunError
from aitia.threads import thread_counts

SOURCE = Path(__file__).parents[1] / "src"


TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "of-the-cluster-of-these-tests-alone-0123456789"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def ray(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name, value in TOKEN.items():
            patch.setenv(name, value)
        engine = RayEngine(jobs=2)
        yield engine
        engine.close()


def noise(seed):
    return float(np.random.default_rng(seed).normal(size=100).sum())


class FirstTime:
    """An item that tells its process and waits the first time that it runs, and the second time is done."""

    def __init__(self, folder, deadly):
        self.folder, self.deadly = Path(folder), deadly

    def __call__(self, item):
        mark = self.folder / f"ran {item}"
        first = not mark.exists()
        mark.touch()
        if first and item in self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return noise(item)


def always(item):
    if item == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def refuse(item):
    if item == 2:
        raise RunError("the second is of no use")
    return item


def engine(name, ray):
    return ray if name == "ray" else ProcessEngine(2)


@pytest.mark.parametrize("name", ["local", "ray"])
def test_a_worker_that_is_killed_loses_nothing_and_changes_no_number(tmp_path, name, ray):
    store = {}
    found = engine(name, ray).map(FirstTime(tmp_path, {1, 4}), range(7), keys=[*map(str, range(7))], store=store)
    assert found == LocalEngine().map(noise, range(7)) == [store[str(k)] for k in range(7)]
    assert all((tmp_path / f"ran {k}").exists() for k in (1, 4))


@pytest.mark.parametrize("name", ["local", "ray"])
def test_an_item_that_ends_every_worker_is_given_up_in_a_sentence(name, ray):
    with pytest.raises(RunError, match=r"workers ended 4 times before .* done: the machine may be short of memory"):
        engine(name, ray).map(always, range(2))


@pytest.mark.parametrize("name", ["local", "ray"])
def test_what_an_item_raises_comes_as_it_is(name, ray):
    with pytest.raises(RunError, match=r"\Athe second is of no use\Z"):
        engine(name, ray).map(refuse, range(4))
    assert engine(name, ray).map(abs, [-1, -2]) == [1, 2]  # and the engine is as good as before


def test_a_worker_from_outside_is_killed_in_the_midst_of_its_item(tmp_path, ray):
    def slowly(item):
        (tmp_path / f"{item} {os.getpid()}").touch()
        time.sleep(120 if item == 2 and len(list(tmp_path.glob("2 *"))) == 1 else 0)
        return noise(item)

    def strike():
        while not (at_work := list(tmp_path.glob("2 *"))):
            time.sleep(0.01)
        os.kill(int(at_work[0].name.split()[1]), signal.SIGKILL)

    striking = threading.Thread(target=strike, daemon=True)
    striking.start()
    assert ray.map(slowly, range(6)) == [noise(k) for k in range(6)]
    striking.join(10)
    assert len(list(tmp_path.glob("2 *"))) == 2  # it ran again


def test_a_task_has_one_thread_and_a_large_function_is_opened_once(ray):
    held = np.zeros(1 << 20)

    def told(_):
        return thread_counts().get("blas"), id(held)

    for one in (ray, ProcessEngine(2)):
        found = one.map(lambda k, told=told: (os.getpid(), *told(k)), range(8))
        assert {threads for _, threads, _ in found} == {1}
        assert len({(pid, place) for pid, _, place in found}) == len({pid for pid, _, _ in found}) <= 2


def test_what_engines_are_told_by(ray):
    assert (workers(ray), engine_told(ray)) == (2, "2 cores of Ray")
    assert (workers(ProcessEngine(3)), engine_told(ProcessEngine(3))) == (3, "3 processes")
    assert workers(LocalEngine(1)) == 1


def test_a_node_of_another_version_says_so():
    with pytest.raises(RunError, match="install the same on every node"):
        _task("0.0.0", [abs], -1)


def test_engines_that_are_not_there_are_refused_in_a_sentence(monkeypatch):
    with pytest.raises(OptionError, match="local, ray, got 'dask'"), opened_engine("dask"):
        pass
    with pytest.raises(OptionError, match="say --engine ray"), opened_engine("local", "host:6379"):
        pass
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'aitia\[cluster\]'"), opened_engine("ray"):
        pass


# -- the commands, on the cluster that is there


def address(ray):
    import ray as package

    return package.get_runtime_context().gcs_address


def aitia(*words, home):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "HOME": str(home), **TOKEN}
    line = [sys.executable, "-m", "aitia", *map(str, words)]
    return subprocess.run(line, env=env, capture_output=True, text=True, check=False, timeout=300)


def test_a_command_runs_on_a_cluster_that_is_there_and_says_the_same(tmp_path, ray, home):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 300))
    rows = np.column_stack([x, y, x + y + rng.normal(size=300), x - rng.normal(size=300)])
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",", header="a,b,c,d", comments="")
    words = ["discover", tmp_path / "rows.csv", "--bootstrap", 12, "--json"]
    here = aitia(*words, home=home)
    assert here.returncode == 0, here.stderr
    there = aitia(*words, "--engine", "ray", "--address", address(ray), home=home)
    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout) == json.loads(here.stdout)
    assert json.loads(here.stdout)["edges"][0]["shares"]


def test_an_address_where_no_cluster_is_is_told_and_where_one_is_it_is_left_as_it_was(ray, home):
    told = aitia("bench", "orca", "--systems", "gcrl", "--engine", "ray", "--address", "127.0.0.1:1", home=home)
    assert told.returncode == 2
    assert told.stderr.startswith("aitia: no Ray cluster answers at 127.0.0.1:1")
    assert ray.map(abs, [-3]) == [3]


ALONE = """
import os, signal, sys, time
from pathlib import Path
from aitia.cluster import RayEngine, ProcessEngine

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background of a shell

def wait(place):
    Path(place, str(os.getpid())).touch()
    time.sleep(3600)

engine = RayEngine(jobs=2) if sys.argv[1] == "ray" else ProcessEngine(2)
engine.map(wait, [sys.argv[2]] * 4)
"""


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("name", "number"), [("local", signal.SIGKILL), ("ray", signal.SIGKILL), ("ray", signal.SIGINT)]
)
def test_no_worker_outlives_its_parent(tmp_path, home, name, number):
    """Killed at their items of an hour; two agents of Ray, which do no work, take a minute to see that it is gone."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "HOME": str(home)}
    started = subprocess.Popen([sys.executable, "-c", ALONE, name, str(tmp_path)], env=env, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240  # Ray starts slowly where much else runs
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    at_work = [int(path.name) for path in tmp_path.iterdir()]
    assert len(at_work) == 2
    started.send_signal(number)
    try:
        started.wait(120)
    finally:
        started.kill()
        started.wait()
    deadline = time.monotonic() + 120
    while any(map(alive, at_work)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in at_work if alive(pid)] == []
