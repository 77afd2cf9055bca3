"""Passes in processes that are killed: a program that waits to be told, forks, and runs one pass in the child.

Lines of its input are `STORE PORT SECONDS`; it kills the child after so many seconds (0 never does), and answers with
the exit code of the child and the seconds that it took.
"""

import os
import signal
import sys
import time
from tempfile import TemporaryDirectory


def main():
    from aitia.feed import Links, MailServer, Searcher, Store, run_pass, take_systems

    with TemporaryDirectory() as folder, Store(f"{folder}/feed.sqlite") as store:
        take_systems(store)  # so that all is imported before a child is there to be killed
        Searcher(store).search("graph")

    for line in sys.stdin:
        place, port, kill_after = line.rsplit(" ", 2)
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            with Store(place) as store:
                run_pass(store, MailServer("127.0.0.1", "papers@group.example", "none", int(port)),
                         Links("https://group.example"))  # fmt: skip
            os._exit(0)
        status = None
        while float(kill_after) and time.monotonic() < started + float(kill_after) and status is None:
            ended, told = os.waitpid(child, os.WNOHANG)
            status = told if ended else None
            time.sleep(0.001)
        if status is None:
            if float(kill_after):
                os.kill(child, signal.SIGKILL)  # it has not been waited for, so that its number is nobody else's
            status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), time.monotonic() - started, flush=True)


if __name__ == "__main__":
    main()
