"""A command of aitia as a process that ends with the one that started it.

python -m aitia.studio.watched WORD ...

It looks twice a second whether its parent is still there, and stops as by Ctrl-C where it is not: what was begun goes
on when the same command is given again.
"""

import os
import runpy
import signal
import sys
import threading
import time

__all__ = ["main"]

LOOKS = 0.5
"""Seconds between two looks."""


def main() -> None:
    """Runs `aitia` with the words of this process."""
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOKS)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=look, daemon=True).start()
    sys.argv[0] = "aitia"
    runpy.run_module("aitia", run_name="__main__")


if __name__ == "__main__":
    main()
