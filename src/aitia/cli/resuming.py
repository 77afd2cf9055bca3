"""How to go on with a command that was stopped, by what it left on the disk."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

__all__ = ["way_on"]


def way_on(words: Sequence[str]) -> str:
    """The command that goes on from where this one was; empty where it left nothing to go on from.

    Args:
        words: The command line behind `aitia`.
    """
    words = list(words)
    out = _value(words, "--out")
    if words[:1] == ["verify"]:
        kept = _measured(Path(out or "evidence"), words) and "--replay" not in words
        again = words if "--resume" in words else [*words, "--resume"]
    else:
        kept, again = out is not None and _unfinished(Path(out)), words
    return f"what is done is kept, and this goes on from there: {shlex.join(['aitia', *again])}" if kept else ""


def _value(words: Sequence[str], option: str) -> str | None:
    for word, following in zip(words, [*words[1:], None], strict=False):
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None


def _measured(out: Path, words: Sequence[str]) -> bool:
    """Whether there are finished seeds of the claim, or with `--all` of any."""
    of = "*" if "--all" in words else f"{words[1]}*" if len(words) > 1 else ""
    try:
        return any(file.stat().st_size > 0 for file in out.glob(f".{of}.journal"))
    except OSError:
        return False


def _unfinished(run: Path) -> bool:
    try:
        told = json.loads((run / "run.json").read_text(encoding="utf-8"))
        return bool(told["status"] != "finished")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
