"""Where and from what a measurement came: commit, versions, machine."""

import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from aitia.runs import content_hash, versions

__all__ = ["Origin", "commit_here", "machine_here", "origin_key"]

_KEYED = ("python", "numpy", "torch")
"""Versions that change numbers; another aitia is told by the hash of its source."""

Origin = Mapping[str, str]


def machine_here() -> dict[str, str]:
    """The kind of this machine: architecture and model of the processor."""
    model = platform.processor() or "unknown"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    return {"architecture": platform.machine(), "processor": model}


def commit_here() -> str | None:
    """The commit of the checkout that this code runs from, with `+` where it was changed since; None outside of one."""
    package = Path(__file__).parents[1]

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(package), *arguments], capture_output=True, encoding="utf-8", check=False
            )
        except OSError:
            return None
        return done.stdout.strip() if not done.returncode else None

    if git("ls-files", "--error-unmatch", "engine.py") is None:
        return None
    commit = git("rev-parse", "HEAD")
    # Evidence itself is no code: to store it does not change what it was measured with.
    changed = git("status", "--porcelain", "--", ".", ":(exclude)evidence/stored")
    return f"{commit}+" if commit and changed else commit


def origin_key(found: Origin | None = None, machine: Mapping[str, str] | None = None) -> str:
    """Eight letters that differ between machine kinds and between versions of Python, numpy and torch."""
    found = versions() if found is None else found
    kept = {name: found[name] for name in _KEYED if name in found}
    return content_hash([kept, dict(machine_here() if machine is None else machine)])[:8]
