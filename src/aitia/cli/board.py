"""The live table of `aitia verify --all`: what waits, what runs and how far it is, what came out."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from aitia.engine import Progress
from aitia.errors import AitiaError

if TYPE_CHECKING:
    from rich.table import Table

    from aitia.evidence import Evidence

__all__ = ["Board", "live_board"]


@dataclass
class Board:
    """One line a system; `changed` draws it again.

    Args:
        minutes: Predicted, by system, in the order in which they run.
        live: What draws the table on a terminal; None where nobody watches.
        say: Told of what was measured as soon as it is there, where no table is drawn.
    """

    minutes: Mapping[str, float]
    live: Any = None
    say: Callable[["Evidence"], None] | None = None
    states: dict[str, str] = field(default_factory=dict)

    def progress(self, slug: str) -> Progress:
        """Something to tell the progress of one system to."""

        def tell(what: str, done: int, total: int) -> None:
            self.changed(slug, escape(f"{what}: {done} of {total}"))

        return tell

    def kept(self, slug: str, evidence: "Evidence") -> None:
        """Puts down what was measured before the sweep was stopped."""
        self.changed(slug, f"[dim]{escape(evidence.verdict)}, before the stop[/dim]")

    def finished(self, slug: str, evidence: "Evidence") -> None:
        """Puts down what was measured."""
        if self.live is None and self.say is not None:
            self.say(evidence)
        failed = dict.fromkeys(f"({j.part}) {j.metric}" for j in evidence.judged if j.verdict == "fails")
        told = f"{evidence.verdict}, {evidence.seconds / 60:.1f} min"
        color = "red" if failed else "green" if evidence.holds else "yellow"
        self.changed(slug, f"[{color}]{escape('; fails: '.join([told, '; '.join(failed)][: 1 + bool(failed)]))}[/]")

    def stopped(self, slug: str, error: Exception) -> None:
        """Puts down why nothing was measured."""
        told = str(error) if isinstance(error, AitiaError) else f"{type(error).__name__}: {error}"
        self.changed(slug, f"[red]{escape(told)}[/red]")
        if self.live is None:
            print(f"aitia: {slug}: {told}", file=sys.stderr)

    def changed(self, slug: str, state: str) -> None:
        """Puts down where a system is."""
        self.states[slug] = state
        if self.live is not None:
            self.live.update(self.table(), refresh=False)

    def table(self) -> "Table":
        """As a rich table."""
        from rich.table import Table

        table = Table()
        for head in ("system", "about", "state"):
            table.add_column(head)
        for slug, minutes in self.minutes.items():
            table.add_row(slug, f"{minutes:g} min", self.states.get(slug, "[dim]waits[/dim]"))
        return table


@contextmanager
def live_board(
    minutes: Mapping[str, float], quiet: bool = False, say: "Callable[[Evidence], None] | None" = None
) -> Iterator[Board]:
    """A board that is drawn again and again where someone watches, and stays at the end."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    board = Board(minutes, say=None if quiet else say)
    if quiet or not console.is_terminal:
        yield board
        return
    with Live(board.table(), console=console, refresh_per_second=4) as live:
        board.live = live
        yield board
