"""`aitia show RUN`: how it stands with a run folder, who works in it, and how it goes on."""

import json
from pathlib import Path

import typer

from aitia.runs import RECORD, Record

__all__ = ["is_run", "show_run"]


def is_run(path: Path) -> bool:
    """Whether a folder holds a run."""
    return (path / RECORD).is_file()


def show_run(path: Path, as_json: bool) -> None:
    """Prints what a run is and how it stands with it, after every file of a finished one was compared with its hash.

    Raises:
        RunError: If run.json is damaged, or a file of the result is not as it was written.
    """
    record = Record.read(path)
    if record.status == "finished":
        record.check(*record.results)
    if as_json:
        told = {
            "run": str(path), "kind": record.kind, "status": record.status, "state": record.state,
            "command": record.command, "config": record.config, "inputs": record.inputs,
            "results": record.results,
        }  # fmt: skip
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    lines = [f"{record.state[0].upper()}{record.state[1:]}.", "", f"Kind:     {record.kind}"]
    lines += [f"Command:  {record.command}"] if record.command is not None else []
    lines += [f"  {name} = {json.dumps(value, ensure_ascii=False)}" for name, value in record.config.items()]
    if record.status == "finished":
        lines += ["", f"{len(record.results)} files of the result, each as it was written:"]
        lines += [f"  {name}" for name in record.results]
    typer.echo("\n".join(lines))
