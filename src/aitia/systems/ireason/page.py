"""The report: scores beside what needs no model, then clips as strips of frames with their graph and rationale."""

from typing import TYPE_CHECKING

import numpy as np

from aitia.graph.drawing import to_svg
from aitia.graph.graph import Graph
from aitia.report import Block, GraphFigure, ImageBlock, Section, TableBlock, Text, image_grid, narrow_grid
from aitia.systems.ireason.answers import Answer
from aitia.systems.ireason.events import ClipEvents
from aitia.systems.ireason.judge import judged

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.ireason.model import Ireason

__all__ = ["blocks"]

SHOWN = 4
"""Clips that a report shows."""
FRAMES = 6
"""Frames of a strip at most."""


def blocks(system: "Ireason", given: "Given") -> list[Block]:
    """Notes, scores, and the first clips that have a pair."""
    read = system.read(given)
    found: list[Block] = [Text(note[:1].upper() + note[1:] + ".") for note in system.training.notes]
    lines = []
    for name, score in judged(system, read.pairs, system.scores(read), read.videos).items():
        beside = ", ".join(f"{rival} {value:.3f}" for rival, value in score.baselines.items())
        lines.append([name, f"{score.value:.3f}", beside or "-", score.about])
    if lines:
        found.append(TableBlock(["score", "value", "beside", "what it is"], lines, "On the rows of the report."))
    answers: dict[int, list[Answer]] = {}
    for one in system.answers(read):
        answers.setdefault(one.clip, []).append(one)
    some = sorted(answers, key=lambda n: (not any(one.chosen for one in answers[n]), n))[:SHOWN]
    return [*found, *(Section(read.clips[n].name, _clip(system, read.clips[n], answers[n])) for n in sorted(some))]


def _clip(system: "Ireason", clip: ClipEvents, answers: list[Answer]) -> list[Block]:
    found: list[Block] = []
    if clip.seen:
        starts = sorted({event.start for event in clip.events})
        picked = [starts[k] for k in np.unique(np.linspace(0, len(starts) - 1, min(len(starts), FRAMES)).astype(int))]
        heads = ["\n".join([f"frame {k}", *(e.sentence for e in clip.events if e.start == k)]) for k in picked]
        cells = [list(clip.frames(picked))]
        strip = (cells, heads, [""])
        about = "Frames in which an event begins, with what is said of it."
        alternative = f"{clip.name}: {'; '.join(heads)}".replace("\n", ", ")
        found.append(ImageBlock(image_grid(*strip), about, alternative, narrow_grid(*strip)))
    links = _links(clip, answers)
    if links:
        about = "What is said to have caused what, and from which frame on each happens."
        found.append(GraphFigure(to_svg(Graph(links)), links, about))
    found += [Text(f"{one.told(clip)}.") for one in answers]
    rows = [
        [clip.events[one.effect].sentence, clip.events[k].sentence, clip.events[k].start, f"{chance:.3f}"]
        for one in answers for k, chance in zip(one.candidates, one.chances, strict=True)
    ]  # fmt: skip
    found.append(TableBlock(["effect", "candidate", "from frame", "score"], rows))
    return found


def _links(clip: ClipEvents, answers: list[Answer]) -> dict[tuple[str, str], list[str]]:
    """Why each arrow stands, from a cause to what it is said to have caused."""
    names = [f"{event.sentence}, frame {event.start}" for event in clip.events]
    names = [name if names.count(name) == 1 else f"{name} ({clip.titles[k]})" for k, name in enumerate(names)]
    return {
        (names[cause], names[one.effect]): [
            f"{one.told(clip)}.", f"Scored {one.chances[one.candidates.index(cause)]:.3f}."
        ]
        for one in answers
        for cause in one.chosen
    }  # fmt: skip
