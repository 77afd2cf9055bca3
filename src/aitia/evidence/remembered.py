"""The hash of the code of a claim, kept in the user's cache for as long as no file of the packages changes.

To hash the syntax of a hundred modules takes longer than all else that `aitia show` does; to read their bytes takes a
fiftieth of it. The cache is a file of one line a claim in `$XDG_CACHE_HOME/aitia` or `~/.cache/aitia`; where it cannot
be read or written, or is damaged, the hash is made anew.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from aitia.errors import FormatError, RunError
from aitia.evidence.source import homes_of, syntax_hash
from aitia.files import write_whole
from aitia.guard import read_json

__all__ = ["remembered_hash"]


def remembered_hash(module: str, packages: Mapping[str, Path] | None = None) -> str:
    """What `syntax_hash` gives for a module, remembered by the bytes of all files of the packages.

    Raises:
        OptionError: If there is no such module.
    """
    now = _bytes_hash(homes_of(module) if packages is None else packages)
    place = _place()
    known = _read(place)
    if known.get(module, ("", ""))[0] == now:
        return known[module][1]
    found = syntax_hash(module, packages)
    if place is not None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, json.dumps(known | {module: (now, found)}, indent=1), RunError)
        except (OSError, RunError):
            pass  # a home that cannot be written: it is made anew next time
    return found


def _bytes_hash(packages: Mapping[str, Path]) -> str:
    total = hashlib.sha256()
    for name, folder in sorted(packages.items()):
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            total.update(f"{name} {path.relative_to(folder).as_posix()} {len(content)}\n".encode())
            total.update(content)
    return total.hexdigest()


def _place() -> Path | None:
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aitia" / "sources.json"
    except RuntimeError:  # nobody's process: there is no home
        return None


def _read(place: Path | None) -> dict[str, tuple[str, str]]:
    try:
        stored = {} if place is None else read_json(place, dict)
        return {str(module): (str(now), str(found)) for module, (now, found) in stored.items()}
    except (FormatError, ValueError, TypeError):
        return {}
