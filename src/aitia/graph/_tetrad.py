"""The knowledge files of Tetrad.

    /knowledge
    addtemporal
    1 age sex
    2* smoking diet        a star: no edges inside this tier
    3- weight              a minus: its variables cause those of the next tier at most
    4 lab_*
    forbiddirect
    diet lab_tar
    requiredirect
    smoking lab_tar

Names are parted by blanks or commas; `*` in a name stands for any text, as in ours.

Source:
    The manual of Tetrad (Ramsey, Glymour, Spirtes, Scheines and others), section on the knowledge box.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

from aitia.errors import FormatError, join_names

__all__ = ["is_tetrad", "parse_tetrad"]

_SECTIONS = ("addtemporal", "forbiddirect", "requiredirect")


def is_tetrad(text: str) -> bool:
    """Whether the text begins as Tetrad's knowledge does."""
    return text.lstrip()[:10].lower() == "/knowledge"


def parse_tetrad(text: str) -> Mapping[str, Any]:
    """The arguments of `Knowledge` that the text says.

    Raises:
        FormatError: If a line is not of that form; gives its number.
    """
    tiers: dict[int, tuple[list[str], str]] = {}
    pairs: dict[str, list[tuple[str, str]]] = {"forbiddirect": [], "requiredirect": []}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.replace(",", " ").split()
        where = f"line {number} of the knowledge"
        if not words or words[0].startswith(("#", "//")) or words[0].lower() == "/knowledge":
            continue
        if len(words) == 1 and (words[0].lower() in _SECTIONS or not words[0].rstrip("*-").isdecimal()):
            section = words[0].lower()
            if section not in _SECTIONS:
                raise FormatError(
                    f"{where}: the sections of Tetrad's knowledge read here are {join_names(_SECTIONS)}, "
                    f"got {words[0][:40]!r}"
                )
        elif section == "addtemporal":
            position, names = _tier(words, where)
            if position in tiers:
                raise FormatError(f"{where}: tier {position} is there twice")
            tiers[position] = names
        elif section in pairs:
            if len(words) != 2:
                raise FormatError(f"{where}: {section} has two names a line, cause and effect, got {line.strip()!r}")
            pairs[section].append((words[0], words[1]))
        else:
            raise FormatError(f"{where}: a line before the first section ({join_names(_SECTIONS)}): {line.strip()!r}")
    order = sorted(tiers)
    listed = [tiers[k][0] for k in order]
    for place, k in enumerate(order):
        if tiers[k][1] == "-":
            later = [name for names in listed[place + 2 :] for name in names]
            pairs["forbiddirect"] += product(tiers[k][0], later)
    if len(order) == 1 and tiers[order[0]][1] != "*":
        listed = []  # one tier alone says nothing there
    return {
        "tiers": listed,
        "forbidden": pairs["forbiddirect"],
        "required": pairs["requiredirect"],
        "tiers_exclusive": [place for place, k in enumerate(order) if tiers[k][1] == "*"],
    }


def _tier(words: list[str], where: str) -> tuple[int, tuple[list[str], str]]:
    """The number of a tier with its names and its mark."""
    number, mark = words[0].rstrip("*-"), words[0].lstrip("0123456789")
    if not (number.isdecimal() and len(number) < 10) or mark not in ("", "*", "-"):
        raise FormatError(f"{where}: a tier starts with its number, then '*' or '-' or nothing, got {words[0][:40]!r}")
    return int(number), (words[1:], mark)
