"""Lines of files of tracks: a frame, an agent and a position each."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aitia.errors import FormatError, join_names

__all__ = ["HEADS", "lines_with_heads", "plain_lines"]

Values = NDArray[np.float64]
HEADS = ("frame", "agent", "x", "y")
"""What each line says."""


def plain_lines(path: Path) -> Values:
    """Rows (frame, agent, x, y) of a text file of four numbers a line."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.strip():
            cells = line.replace(",", " ").split()
            if len(cells) != 4:
                raise FormatError(f"{path}, line {number}: wanted frame, agent, x, y, got {len(cells)} columns")
            try:
                rows.append([float(cell) for cell in cells])
            except ValueError:
                raise FormatError(f"{path}, line {number}: {line.strip()!r} is not four numbers") from None
    return np.array(rows).reshape(-1, 4)


def lines_with_heads(path: Path, columns: Mapping[str, str]) -> Values:
    """Rows (frame, agent, x, y) of a text file with heads; an agent named in words gets a number."""
    import csv

    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    head = lines[0] if lines else ""
    mark = next((m for m in ("\t", ";", ",") if m in head), " ")
    table = list(csv.reader(lines, delimiter=mark, skipinitialspace=mark == " "))
    heads = [cell.strip() for cell in table[0]] if table else []
    if absent := [columns[name] for name in HEADS if columns[name] not in heads]:
        raise FormatError(f"{path} has no column {absent[0]!r}; its first line has {join_names(heads)}")
    places = [heads.index(columns[name]) for name in HEADS]
    agents: list[str] = []
    rows = []
    for number, cells in enumerate(table[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heads):
            raise FormatError(f"{path}, line {number}: wanted {len(heads)} columns as in line 1, got {len(cells)}")
        frame, agent, x, y = (cells[place].strip() for place in places)
        try:
            rows.append([float(frame), 0.0, float(x), float(y)])
        except ValueError:
            raise FormatError(f"{path}, line {number}: frame, x and y are numbers, got {frame}, {x}, {y}") from None
        agents.append(agent)
    found = np.array(rows).reshape(-1, 4)
    try:
        found[:, 1] = [float(agent) for agent in agents]
    except ValueError:
        found[:, 1] = np.unique(agents, return_inverse=True)[1]
    return found
