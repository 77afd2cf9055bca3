"""The report: scores beside what knows no link, and strips of pictures: shown, candidates, answer and truth."""

from typing import TYPE_CHECKING, Any

from aitia.report import Block, ImageBlock, TableBlock, Text, image_grid, narrow_grid
from aitia.systems.mucr.items import Items, letter
from aitia.systems.mucr.judge import judged
from aitia.systems.mucr.pictures import sized
from aitia.systems.mucr.rules import chosen

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.mucr.answered import Answered
    from aitia.systems.mucr.model import Mucr

__all__ = ["blocks"]

SHOWN = 8
"""Rows that a report shows."""
SIDE = 80
"""Pixels on a side of their pictures."""


def blocks(system: "Mucr", given: "Given") -> list[Block]:
    """Notes, scores, strips and rows."""
    found: list[Block] = [Text(note[:1].upper() + note[1:] + ".") for note in system.training.notes]
    lines = []
    for name, score in judged(system, given).items():
        beside = ", ".join(f"{rival} {value:.3f}" for rival, value in score.baselines.items())
        lines.append([name, f"{score.value:.3f}", beside or "-", score.about])
    if lines:
        found.append(TableBlock(["score", "value", "beside", "what it is"], lines, "On the rows of the report."))
    items = system.items(given.take(range(min(SHOWN, len(given)))))
    answers = system.answers(items)
    found += [Text(note[:1].upper() + note[1:] + ".") for note in answers.notes]
    if answers.letters:
        told = ", ".join(f"{name} {answers.letters[name]}" for name in sorted(answers.letters))
        found.append(Text(f"Letters that were chosen, each right as often: {told}."))
    return [*found, *_strips(items, answers), _table(items, answers)]


def _strips(items: Items, answers: "Answered") -> list[Block]:
    """A strip a row: what is shown, the candidates under their letters; names say the answer and the truth."""
    places, _ = chosen(answers.scores)
    grids: dict[tuple[str, ...], tuple[list[list[Any]], list[str]]] = {}
    for row, kind in enumerate(items.asked):
        cells = [items.shown[row], *(items.candidates[row] or ([items.second[row]] if items.second[row] is not None
                                                               else []))]  # fmt: skip
        if any(cell is None for cell in cells):
            continue
        letters = [letter(k) for k in range(len(items.candidates[row]))]
        first = {"effect": "cause", "cause": "effect"}.get(kind, "first")
        grid, names = grids.setdefault((first, *(letters or ["second"])), ([], []))
        grid.append([sized(cell, SIDE) for cell in cells if cell is not None])
        names.append(f"row {row}{_told(items, row, int(places[row])) if letters else ''}")
    found: list[Block] = []
    for heads, (grid, names) in grids.items():
        about = "What is shown, and the candidates" if len(heads) > 2 else "Before and after"
        found.append(
            ImageBlock(
                image_grid(grid, heads, names), f"{about}. {'; '.join(names)}.", narrow=narrow_grid(grid, heads, names)
            )
        )
    return found


def _told(items: Items, row: int, place: int) -> str:
    answer = "none" if place < 0 else letter(place)
    truth = "" if items.right[row] < 0 else f", true {letter(int(items.right[row]))}"
    return f": {answer}{truth}"


def _table(items: Items, answers: "Answered") -> TableBlock:
    places, margins = chosen(answers.scores)
    lines: list[list[object]] = []
    for row, kind in enumerate(items.asked):
        truth = "" if items.right[row] < 0 else letter(int(items.right[row]))
        answer = "neither" if places[row] < 0 else letter(int(places[row]))
        if kind == "cue":
            cues = items.cues[row]
            answer = answer if places[row] < 0 else cues[places[row]]
            truth = cues[items.right[row]] if truth else ""
        ahead = f"{margins[row]:+.4f}"
        if kind == "reason":
            answer, truth, ahead = answers.reasons[row], items.reasons[row], "-"
        lines.append([row, kind, items.distractors[row] or "-", answer, truth or "-", ahead])
    heads = ["row", "asked", "distractors", "answer", "truth", "ahead by"]
    return TableBlock(heads, lines, "The first rows.")
