"""A run that was killed goes on with the same command, and ends in the same bytes as one that was left alone.

A real process gets a real SIGKILL. So that no test hangs on when it strikes, the process notes each piece of work that
it keeps (a file moved into its place in the run folder, a line of a journal) and kills itself at the one that it is
told, in the midst of moving it. Trainings keep their state every few steps, to be struck half-way through. One folder
is struck at every moment in turn (in the work, in writing what was learnt, before scoring, in the report), and what was
finished before a strike is counted out of the next start.

Three kinds run always: numpy with a journal, torch with checkpoints, and an endpoint whose answers are kept; every
other system is marked slow.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.budget import LIVING

from aitia.errors import RunError
from aitia.system import systems
from aitia.workflow.loading import load_run
from aitia.worlds import ReviewEditor, ReviewsWorld

SOURCE = Path(__file__).parents[2] / "src"
ALWAYS = {"cd-nod": "numpy, a journal of tests", "domain-counterfactuals": "torch, checkpoints"}
SLUGS = [
    pytest.param(slug, marks=() if slug in ALWAYS else pytest.mark.slow)
    for slug, entry in systems().items()
    if entry.package.startswith("aitia.")
]
VICTIM = """
import os, signal, sys
from pathlib import Path

log, strike, every, *sys.argv[1:] = sys.argv[1:]
folder = sys.argv[sys.argv.index("--out") + 1] + os.sep
notes, count = open(log, "w"), 0

def piece(name):
    global count
    count += 1
    print(name, file=notes, flush=True)
    if strike in (str(count), name):
        os.kill(os.getpid(), signal.SIGKILL)

def moved(event, arguments):
    if event == "os.rename" and str(arguments[1]).startswith(folder):
        piece(str(arguments[1])[len(folder):])

from aitia.runs.journal import Journal
keep = Journal.__setitem__
def kept(self, key, value):
    keep(self, key, value)
    piece(self._path.name)
Journal.__setitem__ = kept
if int(every):
    from aitia.train import TrainConfig
    TrainConfig.__post_init__ = lambda self, check=TrainConfig.__post_init__: (
        object.__setattr__(self, "checkpoint_every", int(every)), check(self)
    )
sys.addaudithook(moved)
from aitia.cli import main
from aitia.threads import set_threads
set_threads()  # as the command does before it loads what computes
from aitia.workflow import run
judge = run._judged
run._judged = lambda found: (piece("scoring"), judge(found))[1]
main()
"""


SERVER = """
import gc, json, os, sys
import pandas, sklearn.ensemble, torch._dynamo  # the heavy packages, none of ours
gc.freeze()
print("ready", flush=True)

for line in sys.stdin:
    code, words, cwd, told = json.loads(line)
    child = os.fork()
    if child == 0:
        file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.chdir(cwd)
        sys.argv = words
        exec(code)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@pytest.fixture(scope="module")
def start():
    """Gives a command to a process that kills itself at the piece of this number or name; 0 lets it live.

    Each is a process of its own, a copy of one that has loaded the heavy packages and nothing of ours.
    """
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "HOME": "/nonexistent"}
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=bare
    ) as server:
        assert server.stdout.readline() == "ready\n"
        LIVING.add(server.pid)

        def run(command, out, log, strike=0, every=0):
            out.parent.mkdir(exist_ok=True)
            # Named from where it is, so that the files of an example have one name in every run.
            words = ["aitia", log, strike, every, *command, "--out", out.name]
            told = log.with_suffix(".said")
            print(json.dumps([VICTIM, [*map(str, words)], str(out.parent), str(told)]), file=server.stdin, flush=True)
            code = int(server.stdout.readline())
            return code, told.read_text(), log.read_text().splitlines() if log.is_file() else []

        yield run
        LIVING.discard(server.pid)
        server.stdin.close()


def is_state(piece):
    """Whether a piece is kept to go on from, and is gone from a run that has ended."""
    return piece.startswith("checkpoint/") or piece.endswith(".journal")


def same_bytes(one, two):
    """Whether two runs have the same record and the same results, and nothing is left of their state."""
    first, second = ((folder / "run.json").read_text() for folder in (one, two))
    assert first == second
    for name in json.loads(first)["results"]:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    assert not (two / "checkpoint").exists()
    assert not list(two.glob("*.journal"))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_run_that_was_killed_goes_on_and_ends_in_the_same_bytes(slug, start, tmp_path):
    command, out = ["run", slug, "--example"], tmp_path / "killed" / "run"
    every = 7 if systems()[slug].card.extra in ("nets", "language") else 0
    code, said, whole = start(command, tmp_path / "whole" / "run", tmp_path / "whole.txt", every=every)
    assert code == 0, said
    state = [k for k, piece in enumerate(whole, 1) if is_state(piece)]
    learnt = [piece for piece in whole if piece.startswith("model/")]
    assert slug not in ALWAYS or len(state) >= 3, whole
    done_before = 0
    again = {whole[k - 1] for k in state}  # a training that goes on writes its last state, also where no step is left
    middle = state[len(state) // 2 : len(state) // 2 + 1]  # none of a system that keeps no state: it is fitted at once
    for strike in (*middle, learnt[-1], "scoring", "report.html", None):
        code, said, pieces = start(command, out, tmp_path / "killed.txt", strike or 0, every)
        anew = [piece for piece in pieces if is_state(piece)]
        assert len(anew) <= len(state) - done_before + len(again), f"before {strike} it began anew"
        if strike in ("report.html", None):  # the fit was through: not a piece of it is done again
            assert not [piece for piece in pieces if is_state(piece) or piece.startswith("model/")], (strike, pieces)
        if strike is None:
            break
        assert code == -signal.SIGKILL, (strike, said)
        assert pieces == whole[:strike] if strike in middle else pieces[-1] == strike
        assert json.loads((out / "run.json").read_text())["status"] == "running"
        with pytest.raises(RunError, match=r"was killed before it was finished; .* give the same command again"):
            load_run(out)
        done_before = len(anew) - 1 if strike in middle else len(state)
    assert code == 0, said
    same_bytes(tmp_path / "whole" / "run", out)


# -- an endpoint: its answers are kept, and none is paid for twice ---------------------------------------------------

ASKS = """
import json, os, sys
import aitia
from aitia.text import open_client

address, answers, out, told = sys.argv[1:]
writer = open_client(address, model="small", cache=answers, concurrency=4)
aitia.fit("faithful-matching", "reviews.csv", writer=writer, out=out, **json.loads(told))
"""


class Endpoint(ThreadingHTTPServer):
    """Chat completions by an editor that knows the world; kills who asks at the question that it is told."""

    def __init__(self, editor, concepts):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.editor, self.concepts = editor, concepts
        self.asked, self.victim, self.strike = [], None, 0

    def answer(self, prompt):
        head, _, rest = prompt.partition("\nText: ")
        text = rest.partition("\nNew text:")[0]
        concept = next(name for name in self.concepts if f"so that the {name} is " in head)
        value = head.partition(f"so that the {concept} is ")[2].partition(";")[0]
        return self.editor([text], concept, [value])[0]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body["messages"][0]["content"]
        self.server.asked.append(prompt)
        if len(self.server.asked) == self.server.strike:
            self.server.victim.send_signal(signal.SIGKILL)
            return
        content = json.dumps({"choices": [{"message": {"content": self.server.answer(prompt)}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *told):
        pass


@pytest.fixture
def endpoint():
    world = ReviewsWorld()
    server = Endpoint(ReviewEditor(world, world.sample(80, seed=0)), ("food", "noise"))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def ask(endpoint, folder, out, strike=0):
    """The script in a process of its own, which the endpoint kills at the question `strike`."""
    endpoint.asked, endpoint.strike = [], strike
    told = {"text": "review", "concepts": ["food", "noise"], "steps": 20, "width": 16, "queries": 16, "matches": 3}
    address = f"http://127.0.0.1:{endpoint.server_port}/v1"
    endpoint.victim = subprocess.Popen(
        [sys.executable, "-c", ASKS, address, folder / "answers", out, json.dumps(told)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "HOME": "/nonexistent"},
        stderr=subprocess.PIPE, text=True, cwd=folder,
    )  # fmt: skip
    _, errors = endpoint.victim.communicate(timeout=300)
    return endpoint.victim.returncode, errors, list(endpoint.asked)


def test_an_endpoint_that_lost_its_asker_is_not_asked_again_what_it_said(endpoint, tmp_path):
    sample = ReviewsWorld().sample(80, seed=0)
    columns = [ReviewsWorld().render(sample), *(ReviewsWorld().aspects(sample)[name] for name in endpoint.concepts)]
    lines = [",".join(f'"{value}"' for value in row) for row in zip(*columns, strict=True)]
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "reviews.csv").write_text("\n".join([",".join(("review", *endpoint.concepts)), *lines, ""]))
    code, errors, every = ask(endpoint, tmp_path / "whole", tmp_path / "whole" / "run")
    assert code == 0, errors
    assert len(set(every)) == len(every) > 100
    strike = len(every) // 2
    code, errors, before = ask(endpoint, tmp_path / "killed", tmp_path / "killed" / "run", strike)
    assert (code, len(before)) == (-signal.SIGKILL, strike), errors
    code, errors, after = ask(endpoint, tmp_path / "killed", tmp_path / "killed" / "run")
    assert code == 0, errors
    assert set(before) | set(after) == set(every)
    assert len(set(before) & set(after)) <= 4, "four questions were under way"
    same_bytes(tmp_path / "whole" / "run", tmp_path / "killed" / "run")
