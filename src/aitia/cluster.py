"""Where repeated work runs beside this process: workers here that are started again, or a Ray cluster.

Each is an `Engine`: a function gets its item and nothing else, results come in the order of the items, so that no
number depends on the engine, on how many workers it has, or on whether one of them died. A worker that dies (the
machine is short of memory, a node is taken away) loses the item it was at, which runs again elsewhere; an item that
ends its worker again and again is given up with a sentence.

Ray's own words: a *task* is an item, a *cluster* the machines that `ray start` joined. A cluster without a name is one
that `ray.init` starts here, of as many processes as are asked for, and that ends with the command.
"""

import logging
import os
import signal
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from aitia.engine import Engine, LocalEngine, _live_no_longer_than, _numbered, _one_thread_per_process
from aitia.errors import MissingExtraError, OptionError, RunError
from aitia.threads import THREAD_VARIABLES, one_blas_thread, set_threads
from aitia.version import __version__

__all__ = ["ENGINES", "ProcessEngine", "RayEngine", "engine_told", "opened_engine", "workers"]

Item = TypeVar("Item")
Result = TypeVar("Result")

ENGINES = ("local", "ray")
"""What `--engine` takes."""
RETRIES = 3
"""How often an item whose worker died is tried again."""
SOON = 5.0
"""Seconds in which the head of a cluster takes a connection."""
LARGE = 1 << 20
"""Bytes of a function from which it is sent once to a worker, and not with each item."""
AHEAD = 2
"""Tasks under way for each core of a cluster, so that none waits for the next one."""


class ProcessEngine(LocalEngine):
    """A `LocalEngine` that goes on where a worker died: what it was at runs again.

    Example:
        >>> ProcessEngine().map(abs, [-2, 1])
        [2, 1]
    """

    def _run(
        self, function: Callable[[Item], Result], items: list[Item], waiting: list[int]
    ) -> Iterator[tuple[int, Result]]:
        left = dict.fromkeys(waiting)
        if self.jobs > 1 and len(waiting) > 1:
            with _on_disk(function) as function:
                yield from self._retried(function, items, left)
        else:
            yield from super()._run(function, items, waiting)

    def _retried(
        self, function: Callable[[Item], Result], items: list[Item], left: dict[int, None]
    ) -> Iterator[tuple[int, Result]]:
        from concurrent.futures.process import BrokenProcessPool

        for tried in range(RETRIES + 1):
            try:
                for i, result in self._by_workers(function, items, list(left)):
                    del left[i]
                    yield i, result
                return
            except BrokenProcessPool as error:
                if tried == RETRIES:
                    raise RunError(_given_up(len(left))) from error

    def _by_workers(
        self, function: Callable[[Item], Result], items: list[Item], waiting: list[int]
    ) -> Iterator[tuple[int, Result]]:
        """In processes also where one item is left: it may be the one that ends them."""
        from joblib import Parallel, delayed

        with _one_thread_per_process(), warnings.catch_warnings():
            # Where warnings are errors this one would end the thread that waits for the workers, and hang the map.
            warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given to the executor")
            parallel = Parallel(
                n_jobs=max(2, min(self.jobs, len(waiting))), return_as="generator_unordered", batch_size=1
            )
            yield from parallel(delayed(_numbered)(i, function, items[i], os.getpid()) for i in waiting)


class RayEngine(LocalEngine):
    """Items as tasks of a Ray cluster, on one core and one BLAS thread each.

    Args:
        address: Of the cluster: `host:port` of its head, or `auto` for the one that this machine is part of. None
            takes what the variable RAY_ADDRESS names, else starts a cluster of `jobs` processes here.
        jobs: Processes of a cluster that is started here; -1 takes every core. One that is there is taken whole.

    Raises:
        MissingExtraError: If ray is not installed.
        RunError: If there is no cluster at the address.
    """

    def __init__(self, address: str | None = None, jobs: int = 1) -> None:
        super().__init__(jobs)
        try:
            import ray
        except ImportError:
            raise MissingExtraError("--engine ray needs ray: pip install 'aitia[cluster]'") from None
        self._ray: Any = ray
        self._address = address or os.environ.get("RAY_ADDRESS") or None
        self._start()

    def _start(self) -> None:
        if self._address and not _listens(self._address):
            raise RunError(_no_cluster(f"at {self._address}", "nothing listens there"))
        here = {} if self._address else {"num_cpus": self.jobs, "include_dashboard": False}
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            with _one_thread_per_process(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of its own dependencies
                self._ray.init(address=self._address or "local", log_to_driver=False,
                               logging_level=logging.ERROR, **here)  # fmt: skip
        except Exception as error:  # the package raises what it comes upon, bare exceptions among them
            where = f"at {self._address}" if self._address else "here"
            told = str(error).strip().partition("\n")[0]
            raise RunError(_no_cluster(where, told)) from error
        finally:
            for number, handler in kept.items():  # Ray sets its own, and a command has one already
                with suppress(ValueError):  # only the main thread may
                    signal.signal(number, handler)
        self.cores = int(self._ray.cluster_resources().get("CPU", 0))
        if not self.cores:
            self.close()
            raise RunError("the Ray cluster has no core to run on: start its nodes with --num-cpus")

    @property
    def address(self) -> str | None:
        """The cluster that was named; None for one that was started here."""
        return self._address

    def close(self) -> None:
        """Leaves the cluster; one that was started here ends."""
        self._ray.shutdown()

    def _run(
        self, function: Callable[[Item], Result], items: list[Item], waiting: list[int]
    ) -> Iterator[tuple[int, Result]]:
        ray = self._ray
        task = ray.remote(num_cpus=1, max_retries=RETRIES)(_task)
        held, left = [ray.put(function)], iter(waiting)  # in a list: a worker opens it once, not with each item
        under_way: dict[Any, int] = {}
        try:
            while True:
                while len(under_way) < AHEAD * self.cores and (i := next(left, None)) is not None:
                    under_way[task.remote(__version__, held, items[i])] = i
                if not under_way:
                    return
                done, _ = ray.wait(list(under_way), num_returns=1)
                for reference in done:
                    i = under_way.pop(reference)
                    yield i, self._received(reference)
        finally:  # Ctrl-C too
            for reference in under_way:
                with suppress(Exception):
                    ray.cancel(reference, force=True)

    def _received(self, reference: Any) -> Any:
        """What a task found; raises what it raised."""
        wrong = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except wrong.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, BaseException) else RunError(str(error))
            raise cause from None
        except (wrong.WorkerCrashedError, wrong.OutOfMemoryError, wrong.NodeDiedError, wrong.ObjectLostError) as error:
            raise RunError(_given_up(1)) from error


def _listens(address: str) -> bool:
    """Whether something listens at the address, for which Ray itself would wait for minutes; true of names."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdigit():
        return True
    try:
        with socket.create_connection((host, int(port)), SOON):
            return True
    except (OSError, OverflowError):
        return False


def _no_cluster(where: str, why: str) -> str:
    return (
        f"no Ray cluster answers {where} ({why}): start one with `ray start --head`, give its address, or leave out "
        "--address"
    )


def _given_up(items: int) -> str:
    were = "items were" if items > 1 else "item was"
    return (
        f"workers ended {RETRIES + 1} times before {items} {were} done: the machine may be short of memory; take fewer "
        "jobs (--jobs 1)"
    )


@contextmanager
def _on_disk(function: Callable[[Item], Result]) -> Iterator[Callable[[Item], Result]]:
    """The same function, in a file that each worker reads once: it may hold a model, and is sent with each item."""
    import cloudpickle

    whole = cloudpickle.dumps(function)
    if len(whole) < LARGE:
        yield function
        return
    with TemporaryDirectory(prefix="aitia-") as folder:
        place = Path(folder) / "function"
        place.write_bytes(whole)
        del whole
        yield _Read(str(place))


@dataclass(frozen=True)
class _Read:
    """A function that stands in a file."""

    place: str

    def __call__(self, item: Any) -> Any:
        return _opened(self.place)(item)


@lru_cache(maxsize=1)
def _opened(place: str) -> Callable[[Any], Any]:
    import cloudpickle

    function: Callable[[Any], Any] = cloudpickle.loads(Path(place).read_bytes())  # of this command, in its own folder
    return function


@lru_cache(maxsize=1)
def _fetched(reference: Any) -> Callable[[Any], Any]:
    import ray

    function: Callable[[Any], Any] = ray.get(reference)
    return function


def _task(version: str, held: list[Any], item: Any) -> Any:
    """One item, on a worker of a cluster."""
    if version != __version__:
        raise RunError(f"this node has aitia {__version__} and the command {version}: install the same on every node")
    _live_no_longer_than(os.getppid())  # the node's: a worker of Ray ends with its node only between two items
    if any(os.environ.get(name) != "1" for name in THREAD_VARIABLES):
        set_threads(1)
    with one_blas_thread():
        return _fetched(held[0])(item)


@contextmanager
def opened_engine(name: str, address: str | None = None, jobs: int = 1) -> Iterator[Engine]:
    """The engine of this name, for as long as the context lasts.

    Args:
        name: One of `ENGINES`.
        address: Of a Ray cluster, see `RayEngine`.
        jobs: Processes here.

    Raises:
        OptionError: If there is no such engine, or an address is given to one that has none.
        MissingExtraError: If ray is not installed.
        RunError: If there is no cluster at the address.
    """
    if name not in ENGINES:
        raise OptionError(f"the engine is one of {', '.join(ENGINES)}, got {name!r}")
    if name == "local":
        if address is not None:
            raise OptionError("--address is of a Ray cluster: say --engine ray")
        yield ProcessEngine(jobs)
        return
    engine = RayEngine(address, jobs)
    try:
        yield engine
    finally:
        engine.close()


def engine_told(engine: Engine) -> str:
    """Where work runs, in a few words.

    Example:
        >>> engine_told(ProcessEngine(2))
        '2 processes'
    """
    if isinstance(engine, RayEngine):
        return f"{workers(engine)} cores of Ray"
    return f"{workers(engine)} processes"


def workers(engine: Engine) -> int:
    """How many items run at once.

    Example:
        >>> workers(ProcessEngine(2))
        2
    """
    return engine.cores if isinstance(engine, RayEngine) else int(getattr(engine, "jobs", 1))
