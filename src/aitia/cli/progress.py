"""Progress on the terminal: one line that says what is done and how far it is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aitia.engine import Progress

__all__ = ["progress_bar"]

PREDICTED = "predicted"
"""How the message with the predicted cost begins."""


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Progress | None]:
    """Something to tell progress to; None where it was asked to be quiet.

    Away from a terminal only the predicted cost is told, for whoever reads the log.
    """
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
