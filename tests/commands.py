"""Commands of `aitia` in this process, and in others that load torch once.

Two runs are compared to the byte where each is in a process of its own: in one that has done other work before, memory
lies elsewhere, and the last digits of a product may be others.
"""

import json
import os
import subprocess
import sys
import warnings

from tests.budget import LIVING, SHARED, of_living
from tests.heavy import HEAVY
from typer.testing import CliRunner

SERVER = f"""
import gc, json, os, sys
{HEAVY}
gc.freeze()  # a collection in a child would copy all of them
print("ready", flush=True)

for line in sys.stdin:
    arguments, told = json.loads(line)
    child = os.fork()
    if child == 0:
        file = os.open(told, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.argv = ["aitia", *arguments]
        from aitia.cli import main
        main()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


def command(*arguments):
    """What the command prints, in this process; its warnings are for a user, and end no test."""
    from aitia.cli import app

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


class Elsewhere:
    """Another process with a bare environment, which forks for each command: none sees what another has imported.

    Args:
        path: Folders of packages.
        hash_seed: Its PYTHONHASHSEED.
    """

    def __init__(self, path, hash_seed):
        bare = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        bare |= {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONHASHSEED": str(hash_seed)}
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=bare
        )
        assert self._server.stdout.readline() == "ready\n"
        LIVING.add(self._server.pid)
        SHARED.append(of_living(self._server.pid))

    def __call__(self, *arguments, told):
        """Runs a command that ends well; what it prints goes to the file `told`."""
        self._server.stdin.write(json.dumps([list(map(str, arguments)), str(told)]) + "\n")
        self._server.stdin.flush()
        assert self._server.stdout.readline() == "0\n", told.read_text()

    def close(self):
        self._server.communicate()
        LIVING.discard(self._server.pid)
