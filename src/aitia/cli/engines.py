"""Options of every command whose work is many items: where these run."""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from aitia.engine import Engine

__all__ = ["Where", "runs_on_engines"]

_GROUP = "Where the work runs"


def _option(about: str) -> Any:
    return typer.Option(help=about, rich_help_panel=_GROUP)


_OPTIONS: dict[str, tuple[Any, Any]] = {
    "jobs": (Annotated[int, _option("Processes here, -1 for every core; they do not change the result.")], 1),
    "engine": (Annotated[str, _option("local, or ray: a Ray cluster; nor does that change it.")], "local"),
    "address": (
        Annotated[
            str | None,
            _option("Of the cluster: HOST:PORT, or auto for this machine's; one of --jobs is started if absent."),
        ],
        None,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Where:
    """Where the items of a command run.

    Args:
        jobs: Processes here.
        name: Of the engine.
        address: Of a cluster.
    """

    jobs: int
    name: str = "local"
    address: str | None = None

    @property
    def local(self) -> bool:
        """Whether it is this machine's own processes."""
        return self.name == "local" and self.address is None

    def opened(self) -> "AbstractContextManager[Engine]":
        """The engine, for as long as the context lasts."""
        from aitia.cluster import opened_engine

        return opened_engine(self.name, self.address, self.jobs)


def runs_on_engines(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command `--jobs`, `--engine` and `--address`; it is called with `where` in their place."""
    signature = inspect.signature(command)
    own = [p for name, p in signature.parameters.items() if name != "where"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _OPTIONS.items()
    ]

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        jobs, name, address = (kwargs.pop(option) for option in _OPTIONS)
        command(*args, where=Where(jobs, name, address), **kwargs)

    wrapped.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in (*own, *added)} | {"return": None}
    return wrapped
