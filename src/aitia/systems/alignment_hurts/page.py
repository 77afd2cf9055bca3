"""The report of a fine-tuning away from a dominant variety: where varieties sit in every layer, before and after."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aitia.errors import DataError, OptionError, RunError
from aitia.files import write_whole
from aitia.report.blocks import Block, Callout, Picture, Section, TableBlock, Text
from aitia.report.charts import Line, line_chart
from aitia.report.distributions import shaded_matrix
from aitia.report.page import render
from aitia.system import Given
from aitia.systems.alignment_hurts.judge import known_rows, score_of, written_anew
from aitia.systems.alignment_hurts.reading import sentences_of
from aitia.version import __version__

if TYPE_CHECKING:
    from aitia.systems.alignment_hurts import Decoupling, LayerAudit

__all__ = ["blocks", "variety_report"]

PLAIN = "plain fine-tuning"
SHOWN = 8
"""Rows whose texts are shown."""


def blocks(model: "Decoupling", given: Given) -> Sequence[Block]:
    """How these rows are written, as they are and with the subspaces taken out; where the varieties sit; the codes."""
    return [*_writing(model, known_rows(given)), *_layers(model), *_codes(model)]


def _writing(model: "Decoupling", given: Given) -> list[Block]:
    if not len(given):
        return []
    rows = sentences_of(given)
    free = model.do()
    free.held = type(free.held)()
    systems = {"as it is": free}
    if model.targets:
        erased = free.do({model.targets.names[0]: "absent"})
        systems[str(erased.held)] = erased
    written = {who: written_anew(system, given) for who, system in systems.items()}
    scores = {who: score_of(rows, texts) for who, texts in written.items()}
    grid = np.array([[of[name] for name in rows.names] for of in scores.values()])
    lines: list[list[object]] = []
    each = max(1, SHOWN // len(rows.names))
    for name in rows.names:
        part = rows.of(name)
        lines += [
            [name, part.sources[k], part.targets[k], *(texts[name][k] for texts in written.values())]
            for k in range(min(each, len(part)))
        ]
    return [
        Picture(shaded_matrix(list(scores), rows.names, grid, digits=1), "chrF++ of each variety on these rows."),
        TableBlock(["variety", "source", "in the rows", *written], lines, "What is written for the first rows."),
    ]


def variety_report(
    model: "Decoupling", path: str | Path, *, scores: Mapping[str, Mapping[str, float]] | None = None
) -> Path:
    """Writes the audits of a `Decoupling`, and how well it writes each variety, as one HTML file.

    Args:
        model: One that was fine-tuned.
        path: Of the file.
        scores: chrF++ of every variety by what wrote it, as `Decoupling.judge` tells it: the model under
            "decoupled" beside what it has to beat, such as "plain fine-tuning" and "random subspace".

    Raises:
        OptionError: If nothing has been fine-tuned.
        DataError: If a score lacks a variety; names it.
        RunError: If the file cannot be written.
    """
    if not model.audits:
        raise OptionError("nothing has been fine-tuned yet: call fit first")
    for who, of in (scores or {}).items():
        if missing := [name for name in model.varieties if name not in of]:
            raise DataError(f"the scores of {who!r} lack the variety {missing[0]!r}")
    sections = [Section("How well each variety is written", _scores(model, scores))]
    sections += [
        Section("Where the varieties sit", _layers(model)),
        Section("How hard they are to tell apart", _codes(model)),
    ]
    if len(model.history.losses) > 1:
        sections.append(Section("Training", _training(model)))
    config = model.config
    lead = (
        f"{model.dominant} and {len(model.varieties) - 1} other varieties, {len(model.sites)} layers; penalty "
        f"{config.penalty}, strength {config.strength:g}, subspace of the {config.subspace} kind."
    )
    target = Path(path)
    page = render(f"Away from {model.dominant}", lead, sections, f"aitia {__version__}, Decoupling")
    write_whole(target, page, RunError)
    return target


def _scores(model: "Decoupling", scores: Mapping[str, Mapping[str, float]] | None) -> list[Block]:
    if not scores:
        return [Text("No scores were given: `Decoupling.judge` on rows that were not trained on gives them.")]
    grid = np.array([[of[name] for name in model.varieties] for of in scores.values()])
    blocks: list[Block] = [
        Picture(
            shaded_matrix(list(scores), model.varieties, grid, digits=1), "chrF++; the dominant variety comes first."
        )
    ]
    others = {who: float(row[1:].mean()) for who, row in zip(scores, grid, strict=True)}
    if "decoupled" in others and len(others) > 1:
        beaten = [who for who in others if who != "decoupled" and others[who] >= others["decoupled"]]
        told = ", ".join(f"{who} {mean:.1f}" for who, mean in others.items())
        lines = [f"Mean over the other varieties: {told}."]
        if beaten:
            lines.append(f"The fine-tuning does no better for them than {', '.join(beaten)}.")
        blocks.append(Callout(lines, "warning" if beaten else "note"))
    elif PLAIN not in scores:
        blocks.append(Text(f"Without {PLAIN} beside it this says nothing of the penalty.", small=True))
    return blocks


def _moments(model: "Decoupling") -> "dict[str, Sequence[LayerAudit]]":
    return {when: [a for a in model.audits if a.when == when] for when in ("before", "after")}


def _layers(model: "Decoupling") -> list[Block]:
    blocks: list[Block] = []
    told = {
        "energy": "Share of the states' energy in the dominant variety's subspace, found anew at that moment.",
        "distance": "Cosine distance of each variety's mean state from the dominant one's.",
    }
    for name, about in told.items():
        for when, audits in _moments(model).items():
            grid = np.array([[getattr(a, name)[v] for v in model.varieties] for a in audits])
            blocks.append(
                Picture(
                    shaded_matrix([a.site for a in audits], model.varieties, grid, digits=3), f"{about} {when.title()}."
                )
            )
    return blocks


def _codes(model: "Decoupling") -> list[Block]:
    rows: list[list[object]] = []
    for when, audits in _moments(model).items():
        for a in audits:
            alone = "" if a.dominant_bits is None else f"{a.dominant_bits:.3f}"
            rows.append([when, a.site, f"{a.accuracy:.3f}", f"{a.bits:.3f}", f"{a.plain_bits:.3f}", alone, a.rank])
    heads = ["", "layer", "accuracy", "bits", "bits without the states", "bits, dominant or not", "rank"]
    note = "Bits a sentence to say its variety given its state; the more, the harder. Accuracy is near its ceiling."
    return [TableBlock(heads, rows, note)]


def _training(model: "Decoupling") -> list[Block]:
    points = model.history.losses
    steps = [point["step"] for point in points]
    return [
        Picture(line_chart(steps, [Line(part, [point[part] for point in points])], x_label="step", y_label=part), "")
        for part in points[0]
        if part != "step"
    ]
