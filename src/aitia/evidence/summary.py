"""The verdict on a system in a few words, read from the file of its evidence alone, so that lists are fast."""

from pathlib import Path

from aitia.guard import read_json

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
    return str(read_json(path, dict).get("verdict", "ungraded"))
