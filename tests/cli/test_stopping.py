"""A command that is told to stop, or whose output is gone: real processes, real signals, real pipes."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).parents[2] / "src"
CODES = {signal.SIGINT: ("Ctrl-C", 130), signal.SIGTERM: ("SIGTERM", 143), signal.SIGHUP: ("SIGHUP", 129)}
EVERY = pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
WAITS = """
import sys, time
from pathlib import Path
class Waits:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            Path({told!r}).touch()
            time.sleep(60)
sys.meta_path.insert(0, Waits())
"""
"""Loading of one module takes a minute; that it has begun is told by a file."""


def default_signals():
    for number in CODES:  # whoever runs the tests may ignore one, as a shell does for a job in the background
        signal.signal(number, signal.SIG_DFL)


def environment(*folders):
    return {
        "PATH": os.environ["PATH"], "HOME": "/nonexistent", "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(map(str, (*folders, SOURCE))),
    }  # fmt: skip


STARTED = []


@pytest.fixture(autouse=True)
def no_process_is_left():
    yield
    for process in STARTED:
        for left in living(process.pid):
            os.kill(left, signal.SIGKILL)
        process.communicate()
    STARTED.clear()


def start(words, folder, *, by=("-m", "aitia"), paths=(), **streams):
    """A command in a session of its own, so that a signal to its group reaches workers too, as Ctrl-C does."""
    process = subprocess.Popen(
        [sys.executable, *by, *map(str, words)], cwd=folder, env=environment(*paths), start_new_session=True,
        preexec_fn=default_signals, text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
    )  # fmt: skip
    STARTED.append(process)
    return process


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def living(session):
    """Processes of a session, without zombies, which only wait for somebody to read their exit code."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, of = file.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue  # gone meanwhile
        if int(of) == session and state not in "ZX":
            found.append(int(file.parent.name))
    return found


# -- while modules are loaded ----------------------------------------------------------------------------------------


@pytest.fixture(params=["module", "script"])
def by(request, tmp_path):
    """How the command is started: `python -m aitia`, or the script that an installer writes."""
    if request.param == "module":
        return ("-m", "aitia")
    script = tmp_path / "aitia"
    script.write_text("import sys\nfrom aitia.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n")
    return (str(script),)


@pytest.mark.parametrize("loading", ["numpy", "typer", "aitia.system.registry"])
@EVERY
def test_a_command_that_is_stopped_while_modules_are_loaded_says_so(number, loading, by, tmp_path):
    told = tmp_path / "begun"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WAITS.format(name=loading, told=str(told)))
    process = start(["list"], tmp_path, by=by, paths=[tmp_path / "site"])
    until(told.exists)
    os.killpg(process.pid, number)
    out, errors = process.communicate(timeout=60)
    word, code = CODES[number]
    assert (process.returncode, out, errors) == (code, "", f"aitia: stopped by {word}\n")


def test_a_program_that_uses_the_library_keeps_its_own_signals(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("import aitia\n")
    (tmp_path / "mine" / "__main__.py").write_text(
        "import signal\nprint(signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
    )
    for by in (("-m", "mine"), ("-c", "import aitia, mine.__main__")):
        process = start([], tmp_path, by=by, paths=[tmp_path])
        assert process.communicate(timeout=60) == ("True\n", "")


# -- in the midst of work --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 5)) @ np.triu(np.ones((5, 5)))
    path = tmp_path_factory.mktemp("table") / "rows.csv"
    np.savetxt(path, rows, delimiter=",", header="a,b,c,d,e", comments="")
    return path


def at_work(table, folder):
    """A discovery of minutes in a folder `run`, with two workers that have work behind them."""
    words = ["discover", table, "--bootstrap", 20000, "--accept-cost", "--jobs", 2, "--out", "run"]
    process = start(words, folder, stdout=subprocess.DEVNULL)
    journal = folder / "run" / "search.journal"
    until(lambda: len(living(process.pid)) >= 3)
    before = journal.stat().st_size
    until(lambda: journal.stat().st_size > before)
    return process, words


SENT = [
    (signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill), (signal.SIGTERM, os.killpg), (signal.SIGHUP, os.kill),
    (signal.SIGHUP, os.killpg),
]  # fmt: skip


@pytest.mark.parametrize(("number", "send"), SENT, ids=[f"{number.name}-{to.__name__}" for number, to in SENT])
def test_a_run_that_is_stopped_names_the_command_that_goes_on_and_leaves_no_worker(number, send, table, tmp_path):
    process, words = at_work(table, tmp_path)
    send(process.pid, number)
    _, errors = process.communicate(timeout=60)
    word, code = CODES[number]
    again = shlex.join(["aitia", *map(str, words)])
    assert process.returncode == code
    assert errors.splitlines()[-1] == (
        f"aitia: stopped by {word}; what is done is kept, and this goes on from there: {again}"
    )
    assert "Traceback" not in errors
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] != "finished"
    until(lambda: not living(process.pid), 15)


def test_workers_of_a_process_that_was_killed_end(table, tmp_path):
    process, _ = at_work(table, tmp_path)
    process.kill()
    process.communicate(timeout=60)  # ends when nobody holds the pipe any more
    until(lambda: not living(process.pid), 15)


def test_a_second_signal_ends_a_command_that_does_not_come_to_its_end(tmp_path):
    code = (
        "import os, signal, sys, time\nfrom aitia import stopping\nstopping.watch(lambda: 'go on')\n"
        "try:\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "except stopping.Stopped:\n    print('putting away', flush=True)\n    time.sleep(60)\n"
    )
    process = start([], tmp_path, by=("-c", code))
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "putting away\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "aitia: stopped by Ctrl-C; go on\n")
    assert process.returncode == 130


def test_a_command_that_does_not_come_to_its_end_is_ended(tmp_path):
    code = (
        "import time\nfrom aitia import stopping\nstopping.GRACE = 0.3\nstopping.watch(str)\n"
        "try:\n    print('ready', flush=True)\n    time.sleep(60)\nfinally:\n    time.sleep(60)\n"
    )
    process = start([], tmp_path, by=("-c", code))
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=60) == ("", "aitia: stopped by SIGHUP\n")
    assert process.returncode == 129


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    code = (
        "import os, signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\nfrom aitia import stopping\n"
        "stopping.watch(str)\nos.kill(os.getpid(), signal.SIGHUP)\nprint('goes on')\n"
    )
    assert start([], tmp_path, by=("-c", code)).communicate(timeout=60) == ("goes on\n", "")


# -- how to go on ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "way"),
    [
        (["discover", "t.csv"], ""),
        (["discover", "t.csv", "--out", "nowhere"], ""),
        (["discover", "t.csv", "--out", "done"], ""),
        (["discover", "t.csv", "--out", "damaged"], ""),
        (["discover", "t.csv", "--out", "half"], "aitia discover t.csv --out half"),
        (["run", "gde", "--out=half", "--role", "y=a b"], "aitia run gde --out=half --role 'y=a b'"),
        (["verify", "hca", "--seeds", "3"], "aitia verify hca --seeds 3 --resume"),
        (["verify", "hca", "--resume"], "aitia verify hca --resume"),
        (["verify", "--all"], "aitia verify --all --resume"),
        (["verify", "hca", "--out", "half"], ""),
        (["verify", "hca", "--replay"], ""),
        (["verify", "gde"], ""),
        (["do", "half", "do(x=1)"], ""),
        ([], ""),
    ],
)
def test_only_what_can_be_gone_on_with_is_named(words, way, tmp_path, monkeypatch):
    from aitia.cli.resuming import way_on

    monkeypatch.chdir(tmp_path)
    for name, told in (("half", '{"status": "stopped"}'), ("done", '{"status": "finished"}'), ("damaged", "[1]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(told)
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / ".hca-01234567.journal").write_text('{"key": 1}\n')
    (tmp_path / "evidence" / ".gde-01234567.journal").write_text("")
    assert way_on(words) == (f"what is done is kept, and this goes on from there: {way}" if way else "")


# -- output that is closed, full, or read by nobody ------------------------------------------------------------------


def shell(line, folder):
    line = line.replace("aitia ", f"{shlex.quote(sys.executable)} -m aitia ")
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )


FULL = "aitia: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    ("line", "code", "errors"),
    [
        ("aitia list >&-", 0, ""),
        ("aitia list 2>&-", 0, ""),
        ("aitia list <&- >&- 2>&-", 0, ""),
        ("aitia show nothing >&- 2>&-", 2, ""),
        ("aitia list > /dev/full", 2, FULL),
        ("aitia --help > /dev/full", 2, FULL),
        ("aitia show hca > /dev/full", 2, FULL),
        ("aitia list --json > /dev/full", 2, FULL),
        ("aitia show nothing 2> /dev/full", 2, ""),
        ("aitia list > /dev/full 2> /dev/full", 2, ""),
        ("set -o pipefail; aitia list | true", 1, ""),
        ("aitia show hca | head -1", 0, ""),
    ],
)
def test_output_that_goes_nowhere_is_no_traceback(line, code, errors, tmp_path):
    done = shell(line, tmp_path)
    assert (done.returncode, done.stderr) == (code, errors)


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_run_without_a_terminal_or_any_output_writes_its_folder_and_nothing_into_it(closed, table, tmp_path):
    done = shell(f"aitia discover {table} --out run {closed}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["status"] == "finished"
    assert shell(f"aitia discover {table} --out again", tmp_path).returncode == 0
    for name in told["results"]:
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
