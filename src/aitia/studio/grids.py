"""What a trace left in its folder, as a grid of layers by places: what a page draws and a keyboard walks through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aitia.errors import FormatError, InterventionError
from aitia.guard import guarded

if TYPE_CHECKING:
    from aitia.nn.sites import Site

__all__ = ["Cell", "Grid", "of_effects", "of_lens", "of_pairs", "of_trace", "site"]

AXES = ("position", "head", "unit", "channel", "feature", "step")
SHOWN, ROWS = 64, 200
"""Columns and rows that are drawn; of more, those whose effects are largest."""
STEPS = 10
"""Of the colours on either side of nothing."""


@dataclass(frozen=True)
class Cell:
    """One place.

    Args:
        value: Its number.
        place: What names it to the rest of the page: a site, or the kind of token; empty where nothing is patched.
        about: What is there beside its number, in words.
    """

    value: float
    place: str = ""
    about: str = ""


@dataclass(frozen=True)
class Grid:
    """Cells by row and column.

    Args:
        rows: Names of the rows, in full.
        columns: Names of the columns.
        cells: (rows, columns); None where there is no such place.
        axis: What the columns are.
        measured: What the numbers are.
        hidden: How many places are left out.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell | None, ...], ...]
    axis: str
    measured: str
    hidden: int = 0

    @property
    def reach(self) -> float:
        """The largest number on either side of 0."""
        return max((abs(cell.value) for row in self.cells for cell in row if cell is not None), default=0.0) or 1.0

    @property
    def signed(self) -> bool:
        """Whether a number is below 0."""
        return any(cell is not None and cell.value < 0 for row in self.cells for cell in row)

    def colour(self, cell: Cell | None) -> str:
        """The class of its colour: `up` or `down` and how far, in tenths of the reach."""
        if cell is None:
            return "none"
        step = round(STEPS * abs(cell.value) / self.reach)
        return f"{'down' if cell.value < 0 else 'up'}{step}"

    @property
    def names(self) -> tuple[str, ...]:
        """The rows without the parts that all of them begin with."""
        parts = [row.split(".") for row in self.rows]
        same = 0
        while len(parts) > 1 and all(len(p) > same + 2 and p[same] == parts[0][same] for p in parts):
            same += 1
        return tuple(".".join(part[same:]) for part in parts)


def site(text: str) -> "Site":
    """A site by its text; torch comes with it, which the start of the studio does not wait for."""
    from aitia.nn.sites import Site

    return Site(text)


def of_trace(told: Mapping[str, Any]) -> Grid:
    """The grid of a trace of one prompt, from its `trace.json`.

    Raises:
        FormatError: If it is none.
    """
    with guarded("the trace", "is no trace of a prompt"):
        sites = {site(text): float(value) for text, value in told["sites"].items() if value is not None}
        words = [str(word) for word in told["tokens"]]
        values = {a: {at for place in sites if isinstance(at := getattr(place, a), int)} for a in AXES}
        axis = max(AXES, key=lambda a: len(values[a])) if any(values.values()) else ""
        found: dict[tuple[str, str], Cell] = {}
        order: dict[str, int] = {}
        for place, value in sites.items():
            at = getattr(place, axis) if axis else None
            row = str(place.with_(**{axis: None})) if isinstance(at, int) else str(place)
            column = "" if not isinstance(at, int) else f"{at} {_word(words[at])}" if axis == "position" else str(at)
            order[column] = at if isinstance(at, int) and at >= 0 else len(order) + 10**6
            found[row, column] = Cell(value, str(place))
        return _grid(found, sorted(order, key=order.__getitem__), axis or "place", str(told["effect"]))


def of_pairs(told: Mapping[str, Any]) -> Grid:
    """The grid of a trace of many pairs, from its `trace.json`.

    Raises:
        FormatError: If it is none.
    """
    with guarded("the trace", "is no trace of pairs"):
        found = {
            (str(p["site"]), str(p["token"])): Cell(
                float(p["effect"]), f"{p['site']}\n{p['token']}",
                f"95 % interval {p['low']:+.2f} to {p['high']:+.2f}, {p['pairs']} pairs",
            )
            for p in told["places"]
        }  # fmt: skip
        return _grid(found, list(dict.fromkeys(token for _, token in found)), "token", str(told["effect"]))


def of_lens(told: Mapping[str, Any]) -> Grid:
    """The grid of a logit lens, from its `lens.json`.

    Raises:
        FormatError: If it is none.
    """
    with guarded("the lens", "is no logit lens"):
        columns = [f"{k} {_word(word)}" for k, word in enumerate(told["tokens"])]
        found = {
            (str(layer["layer"]), column): Cell(
                float(layer["answer"][k]), "", f"says {layer['said'][k]!r} with {float(layer['sure'][k]):.3f}"
            )
            for layer in told["layers"]
            for k, column in enumerate(columns)
        }
        return _grid(found, columns, "token", f"probability of {told['answer']!r}")


def of_effects(rows: Sequence[Mapping[str, Any]]) -> dict[str, Grid]:
    """The grids of a table of effects whose targets are places of a network: one for each outcome and part of it.

    Rows are modules up to their last number, columns what of them, or the steps in which they run.

    Args:
        rows: With `target`, `outcome`, `effect`, `low`, `high`, `control`.
    """
    found: dict[str, dict[tuple[str, str], Cell]] = {}
    for told in rows:
        try:
            place = site(str(told["target"]))
        except InterventionError:
            continue
        if "." not in place.module:
            continue
        about = f"95 % interval {float(told['low']):+.2f} to {float(told['high']):+.2f}"
        if "control" in told:
            about += f", a random change {float(told['control']):+.2f}"
        part = place.module.split(".")[0]
        row, column = _split(place)
        found.setdefault(f"{told['outcome']}: {part}", {})[row, column] = Cell(float(told["effect"]), "", about)
    return {
        name: _grid(cells, list(dict.fromkeys(c for _, c in cells)), "", name.partition(":")[0])
        for name, cells in found.items()
    }


def _split(place: "Site") -> tuple[str, str]:
    """A module up to its last number, and what follows; or the module, and the steps."""
    if place.step is not None:
        step = place.step
        told = f"steps {step.start or 0} to {step.stop}" if isinstance(step, slice) else f"step {step}"
        return place.module, told
    parts = place.module.split(".")
    last = max((k for k, part in enumerate(parts) if part.isdigit()), default=len(parts) - 1)
    return ".".join(parts[: last + 1]), ".".join(parts[last + 1 :]) or "whole"


def _grid(found: Mapping[tuple[str, str], Cell], columns: Sequence[str], axis: str, measured: str) -> Grid:
    if not found:
        raise FormatError("it has no places")
    rows = _largest(list(dict.fromkeys(row for row, _ in found)), ROWS, found, 0)
    kept = _largest(columns, SHOWN, found, 1)
    cells = tuple(tuple(found.get((row, column)) for column in kept) for row in rows)
    shown = sum(cell is not None for row in cells for cell in row)
    return Grid(tuple(rows), tuple(kept), cells, axis, measured, len(found) - shown)


def _largest(names: Sequence[str], count: int, found: Mapping[tuple[str, str], Cell], side: int) -> list[str]:
    """The names whose largest number is largest, as many as are drawn, in their order."""
    most = dict.fromkeys(names, 0.0)
    for key, cell in found.items():
        most[key[side]] = max(most[key[side]], abs(cell.value))
    strong = set(sorted(names, key=lambda name: -most[name])[:count])
    return [name for name in names if name in strong]


def _word(word: str) -> str:
    """A token as it stands above a column."""
    return word.strip() or repr(word)[1:-1]
