"""What all commands that ask a fitted run share: its names, and where the answer goes."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aitia.workflow.answers import Told

__all__ = ["ASK_SETTINGS", "echo_alarms", "place_for", "told"]

ASK_SETTINGS = {"ignore_unknown_options": True, "allow_extra_args": True}
"""Roles and subjects of the system are flags of their own."""
SHOWN = 20
"""Rows of a table that are printed."""


def place_for(run: Path, verb: str, out: Path | None) -> Path:
    """Where the answer to a verb goes; into the run where nobody says.

    Raises:
        RunError: If the folder holds what is not of an answer; it is told before any work.
    """
    from aitia.workflow.answer_files import check_place

    folder = out if out is not None else run / verb
    check_place(folder)
    return folder


def told(answer: "Told", folder: Path, as_json: bool, *, shown: bool = False) -> None:
    """Writes an answer and says where it is.

    Args:
        answer: What the system told.
        folder: Where it goes.
        as_json: Whether answer.json is printed.
        shown: Whether the rows themselves are printed too.
    """
    files = answer.write(folder)
    if as_json:
        typer.echo((folder / "answer.json").read_text(encoding="utf-8"), nl=False)
        return
    if answer.flow:
        typer.echo("\n".join([*answer.flow, ""]))
    for warning in answer.warnings:
        typer.echo(f"Note: {warning}")
    if shown:
        table = answer.data.known
        typer.echo("  ".join(table.names))
        for i in range(min(SHOWN, table.n)):
            typer.echo("  ".join(_cell(table.labels(name)[i]) for name in table.names))
        if table.n > SHOWN:
            typer.echo(f"and {table.n - SHOWN} more")
    typer.echo(answer.about)
    for file in files if len(files) <= 6 else [*files[:5], folder]:
        typer.echo(f"  {file.resolve()}")
    echo_alarms(answer.alarms)


def echo_alarms(alarms: "Iterable[str]") -> None:
    """Says last, where it is read, why an answer is worth little."""
    for alarm in alarms:
        typer.echo(f"ALARM: {alarm}")


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
