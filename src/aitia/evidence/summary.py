"""The verdict on a system in a few words, read from the file of its evidence alone, so that lists are fast."""

import json
from pathlib import Path

from aitia.errors import FormatError

__all__ = ["STORED", "verdict_of"]

STORED = Path(__file__).parent / "stored"
"""The evidence that ships with the package."""


def verdict_of(slug: str, folder: Path = STORED) -> str:
    """Such as `holds 7, open 2, fails 1`; `ungraded` where the values are not stored; `not run here` without evidence.

    Raises:
        FormatError: If the file is damaged.
    """
    path = folder / f"{slug}.json"
    if not path.is_file():
        return "not run here"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return str(stored.get("verdict", "ungraded"))
    except (ValueError, AttributeError) as error:
        raise FormatError(f"{path} is no stored evidence: {error}") from None
