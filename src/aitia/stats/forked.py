"""Many short items in processes that start at once: copies of this one, which hold its data already.

A fresh process takes seconds to import the library and has to be sent the table with each item; a fork takes
milliseconds and is sent numbers. For what searches a table again, hundreds of times in some milliseconds each.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from aitia.engine import LocalEngine, _live_no_longer_than
from aitia.threads import one_blas_thread

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

__all__ = ["ForkedEngine", "can_fork"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def can_fork() -> bool:
    """Whether a copy of this process is sound: on Linux, without another thread, which might hold a lock, or torch."""
    return sys.platform == "linux" and threading.active_count() == 1 and "torch" not in sys.modules


class ForkedEngine(LocalEngine):
    """A `LocalEngine` whose processes are forks of this one where that is sound.

    Example:
        >>> ForkedEngine(2).map(abs, [-2, 1])
        [2, 1]
    """

    def _run(
        self, function: Callable[[Item], Result], items: list[Item], waiting: list[int]
    ) -> Iterator[tuple[int, Result]]:
        jobs = min(self.jobs, len(waiting))
        if jobs < 2 or not can_fork():
            yield from super()._run(function, items, waiting)
            return
        from multiprocessing import connection, get_context

        context, left = get_context("fork"), iter(waiting)
        workers: dict[Connection, ForkProcess] = {}
        try:
            with one_blas_thread():
                for _ in range(jobs):
                    ours, theirs = context.Pipe()
                    worker = context.Process(
                        target=_serve, args=(function, items, theirs, [*workers, ours], os.getpid()), daemon=True
                    )
                    worker.start()
                    theirs.close()
                    workers[ours] = worker
                    ours.send(next(left))  # it works while the next one starts
            busy = list(workers)
            while busy:
                for pipe in cast("list[Connection]", connection.wait(busy)):
                    i, result = _received(pipe, workers[pipe])
                    if (following := next(left, None)) is None:
                        busy.remove(pipe)
                        workers[pipe].kill()  # it ends while others still work
                    else:
                        with suppress(ConnectionError):  # it has just died, which is told when its answer is read
                            pipe.send(following)
                    yield i, result
        finally:  # Ctrl-C too
            for worker in workers.values():  # before its pipe is closed: it might be writing to it
                worker.kill()
            for pipe, worker in workers.items():
                worker.join()
                pipe.close()


def _received(pipe: "Connection", worker: "ForkProcess") -> Any:
    """What a worker found, with its number; raises what it raised."""
    try:
        i, found, wrong = pipe.recv()
    except (EOFError, ConnectionError):
        worker.join()
        raise RuntimeError(
            f"a worker ended with code {worker.exitcode} before it was done: the machine may be short of memory; take "
            "fewer jobs (--jobs 1)"
        ) from None
    if wrong is not None:
        raise wrong
    return i, found


def _serve(
    function: Callable[[Any], Any], items: list[Any], pipe: "Connection", others: "list[Connection]", parent: int
) -> None:
    """A worker: items by their numbers, until there is no more, or nobody who asks."""
    gc.freeze()  # what was there before is the parent's: to walk it would copy it
    for name in ("SIGTERM", "SIGHUP"):  # sent to all of a session, they are the parent's to answer, as Ctrl-C is
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    for other in others:
        other.close()
    _live_no_longer_than(parent)
    with suppress(EOFError, ConnectionError):  # of the pipe: what `function` raises is sent
        while True:
            i = pipe.recv()
            try:
                pipe.send((i, function(items[i]), None))
            except Exception as wrong:  # the parent raises it
                pipe.send((i, None, wrong))
