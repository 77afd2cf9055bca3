"""Progress on the terminal: one line that says what is done and how far it is; or in a file, for who watches."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aitia.engine import Progress

__all__ = ["WATCHED", "progress_bar"]

PREDICTED = "predicted"
"""How the message with the predicted cost begins."""
WATCHED = "AITIA_PROGRESS"
"""The variable that names a file for `what`, `done`, `total` and `predicted`, as JSON."""
PAUSE = 0.2
"""Seconds between two writes of it."""


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Progress | None]:
    """Something to tell progress to; None where it was asked to be quiet.

    Away from a terminal only the predicted cost is told, for whoever reads the log.
    """
    if place := os.environ.get(WATCHED):
        yield _written(Path(place))
        return
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield _tell_prediction
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("starting", total=None)
        current = ""

        def tell(what: str, done: int, total: int) -> None:
            nonlocal current
            if what.startswith(PREDICTED):  # stays on the screen when the bar is gone
                bars.console.print(what)
                return
            if what != current:
                current = what
                bars.reset(task)
            bars.update(task, description=what, completed=done, total=total)

        yield tell


def _tell_prediction(what: str, done: int, total: int) -> None:
    if what.startswith(PREDICTED):
        print(what, file=sys.stderr)


def _written(place: Path) -> Progress:
    """Writes how far the work is; that it cannot be written stops nothing."""
    predicted, last = "", 0.0

    def tell(what: str, done: int, total: int) -> None:
        nonlocal predicted, last
        if what.startswith(PREDICTED):
            predicted = what
        elif done < total and time.monotonic() - last < PAUSE:
            return
        last = time.monotonic()
        part = place.with_name(f"{place.name}.part")
        with suppress(OSError):
            told = {"what": what, "done": done, "total": total, "predicted": predicted}
            part.write_text(json.dumps(told), encoding="utf-8")
            part.replace(place)

    return tell
