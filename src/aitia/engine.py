"""Where repeated work runs: one `map` for bootstraps, sweeps and seeds, with progress and resume.

`LocalEngine` uses processes on this machine. Anything with the same `map` can take its place, such as a cluster.
"""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol, TypeVar

from aitia.errors import OptionError
from aitia.threads import THREAD_VARIABLES, one_blas_thread

__all__ = ["Engine", "LocalEngine", "Progress", "Store"]

Item = TypeVar("Item")
Result = TypeVar("Result")

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, items done, items in all)."""

Store = MutableMapping[str, Any]
"""Finished items by key, as JSON values; a run folder supplies one that survives a kill."""

LOOKS = 0.5
"""Seconds between two looks of a worker for its parent."""


class Engine(Protocol):
    """Runs a function over items; results come in the order of the items."""

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        keys: Sequence[str] | None = None,
        store: Store | None = None,
        progress: Progress | None = None,
        what: str = "",
    ) -> list[Result]:
        """The results of `function` for each item; what `store` holds under an item's key is not computed again."""
        ...


class LocalEngine:
    """Runs items one after another, or in `jobs` processes, on one BLAS thread each.

    The results do not depend on `jobs`: a function gets its item and nothing else.

    Args:
        jobs: Processes; 1 stays in this one, -1 takes every core.

    Example:
        >>> LocalEngine().map(abs, [-2, 1])
        [2, 1]
    """

    def __init__(self, jobs: int = 1) -> None:
        if jobs == 0 or jobs < -1:
            raise OptionError(f"jobs is a number of processes or -1 for every core, got {jobs}")
        self.jobs = jobs if jobs > 0 else (os.cpu_count() or 1)

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        keys: Sequence[str] | None = None,
        store: Store | None = None,
        progress: Progress | None = None,
        what: str = "",
    ) -> list[Result]:
        """The results of `function` for each item, in order.

        Args:
            function: Picklable when jobs > 1; its results are JSON values when a store is given.
            items: What to run it on.
            keys: One key an item, under which `store` keeps its result.
            store: Where finished items are kept at once and looked up before computing.
            progress: Told after every finished item.
            what: Names the work in the progress.

        Raises:
            OptionError: If a store is given without one distinct key an item.
        """
        items = list(items)
        if store is not None and (keys is None or len(set(keys)) != len(items)):
            raise OptionError(f"a store needs one distinct key for each of {len(items)} items")
        results: dict[int, Result] = {}
        if store is not None and keys is not None:
            results = {i: store[key] for i, key in enumerate(keys) if key in store}
        waiting = [i for i in range(len(items)) if i not in results]
        if progress is not None and items:
            progress(what, len(results), len(items))
        for i, result in self._run(function, items, waiting):
            results[i] = result
            if store is not None and keys is not None:
                store[keys[i]] = result
            if progress is not None:
                progress(what, len(results), len(items))
        return [results[i] for i in range(len(items))]

    def _run(
        self, function: Callable[[Item], Result], items: list[Item], waiting: list[int]
    ) -> Iterator[tuple[int, Result]]:
        if self.jobs == 1 or len(waiting) < 2:
            for i in waiting:
                with one_blas_thread():
                    result = function(items[i])
                yield i, result
            return
        from joblib import Parallel, delayed

        with _one_thread_per_process(), warnings.catch_warnings():
            # Where warnings are errors this one would end the thread that waits for the workers, and hang the map.
            warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given to the executor")
            parallel = Parallel(n_jobs=min(self.jobs, len(waiting)), return_as="generator_unordered", batch_size=1)
            yield from parallel(delayed(_numbered)(i, function, items[i], os.getpid()) for i in waiting)


def _numbered(i: int, function: Callable[[Item], Result], item: Item, parent: int) -> tuple[int, Result]:
    _live_no_longer_than(parent)
    return i, function(item)


@cache
def _live_no_longer_than(parent: int) -> None:
    """Ends this worker when its parent is gone, however that ended; Ctrl-C is the parent's to answer.

    A thread looks, once for each worker. The signal that Linux sends on a parent's death would come when the thread
    ends that started the worker, while others still wait for its results.
    """
    if os.name != "posix" or os.getpid() == parent:
        return

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOKS)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _one_thread_per_process() -> Iterator[None]:
    """Children inherit one BLAS thread each: two spinning pools on the same cores are many times slower."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
