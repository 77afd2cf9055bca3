"""The folder of the Tuebingen cause-effect pairs: names, descriptions, the right direction and the weight of each pair.

pairmeta.txt            a line a pair: its number, first and last column of the cause, of the effect, its weight
pairNNNN_des.txt        what it is: lines `x: altitude` and `y: temperature` name the variables

The values (pairNNNN.txt) are not read.

Source:
    Mooij, Peters, Janzing, Zscheischler and Schoelkopf, Distinguishing cause from effect using observational data,
    JMLR 17 (2016); https://webdav.tuebingen.mpg.de/cause-effect/.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from aitia.errors import FormatError
from aitia.guard import read_text

__all__ = ["META", "NamedPair", "is_tuebingen", "read_tuebingen"]

META = "pairmeta.txt"
LONGEST = 300
"""Characters of a description that are kept."""
_NAMED = re.compile(r"^[ \t]*(?:variable[ \t]+)?([xy])[ \t]*[:=][ \t]*(\S.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_BRACKETS = re.compile(r"\s*\(([^()]*)\)\s*$")


@dataclass(frozen=True)
class NamedPair:
    """Two variables of the collection.

    Args:
        number: Of the pair.
        x: Name of the first.
        y: Name of the second.
        x_about: What the file says of it, in brackets behind the name.
        y_about: Likewise.
        answer: `->` where x is the cause, else `<-`.
        weight: Of the pair, as its authors say: pairs of one source share one.
    """

    number: int
    x: str
    y: str
    x_about: str
    y_about: str
    answer: str
    weight: float


def is_tuebingen(folder: Path) -> bool:
    """Whether it is such a folder."""
    return folder.is_dir() and (folder / META).is_file()


def read_tuebingen(folder: Path) -> tuple[list[NamedPair], list[str]]:
    """The pairs with one column for each variable, and in sentences which were left out and why.

    Raises:
        FormatError: If a line of `pairmeta.txt` is not six numbers (says which), a number stands twice, or no pair is
            left.
    """
    found: list[NamedPair] = []
    several: list[int] = []
    unnamed: list[int] = []
    seen: dict[int, int] = {}
    for line_number, line in enumerate(read_text(folder / META).splitlines(), start=1):
        if not line.strip():
            continue
        place = f"line {line_number} of {folder / META}"
        number, cause, effect, weight = _meta(line, place)
        if number in seen:
            raise FormatError(f"{place}: pair {number} stands in line {seen[number]} already")
        seen[number] = line_number
        if cause[0] != cause[1] or effect[0] != effect[1]:
            several.append(number)
            continue
        told = folder / f"pair{number:04d}_des.txt"
        names = _names(read_text(told)) if told.is_file() else {}
        if set(names) != {"x", "y"}:
            unnamed.append(number)
            continue
        if {cause[0], effect[0]} != {1, 2}:
            raise FormatError(
                f"{place}: cause and effect are columns 1 and 2 of a pair, got {cause[0]} and {effect[0]}"
            )
        (x, x_about), (y, y_about) = names["x"], names["y"]
        found.append(NamedPair(number, x, y, x_about, y_about, "->" if cause[0] == 1 else "<-", weight))
    if not found:
        raise FormatError(
            f"{folder} holds no pair of two named variables: pairNNNN_des.txt says `x: NAME` and `y: NAME`"
        )
    notes = []
    if several:
        notes.append(f"Left out, of several columns: {', '.join(map(str, several))}.")
    if unnamed:
        notes.append(f"Left out, since no description names both variables: {', '.join(map(str, unnamed))}.")
    return found, notes


def _meta(line: str, place: str) -> tuple[int, tuple[int, int], tuple[int, int], float]:
    cells = line.split()
    try:
        number, *columns = (int(cell) for cell in cells[:5])
        weight = float(cells[5])
    except (ValueError, IndexError):
        cells = []
    if len(cells) != 6 or not 0 < weight <= 1 or min(number, *columns) < 1:
        raise FormatError(
            f"{place}: it has the number of a pair, first and last column of cause and effect and a weight above 0 and "
            f"up to 1, got {line.strip()[:60]!r}"
        )
    return number, (columns[0], columns[1]), (columns[2], columns[3]), weight


def _names(text: str) -> dict[str, tuple[str, str]]:
    """Name and description of x and y, where the text says them."""
    found: dict[str, tuple[str, str]] = {}
    for letter, said in _NAMED.findall(text):
        name, about = said, ""
        if (brackets := _BRACKETS.search(said)) and said[: brackets.start()].strip():
            name, about = said[: brackets.start()], brackets[1]
        found.setdefault(letter.lower(), (name.strip()[:LONGEST], about.strip()[:LONGEST]))
    return found
