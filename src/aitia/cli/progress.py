"""Progress on the terminal: one line that says what is done and how far it is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aitia.engine import Progress

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Progress | None]:
    """Something to tell progress to; None where nobody watches (no terminal, or asked to be quiet)."""
    if quiet or not sys.stderr.isatty():
        yield None
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
            if what.startswith("predicted"):  # stays on the screen when the bar is gone
                bars.console.print(what)
                return
            if what != current:
                current = what
                bars.reset(task)
            bars.update(task, description=what, completed=done, total=total)

        yield tell
