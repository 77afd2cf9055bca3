"""The report of a classifier of texts that rewrites them: what setting the style or the target changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.errors import DataError, OptionError, RunError
from aitia.files import write_whole
from aitia.report.blocks import Block, Callout, Picture, Section, TableBlock, Text
from aitia.report.distributions import histogram
from aitia.report.intervals import Interval, interval_chart
from aitia.report.page import render
from aitia.stats.effects import mean_effects
from aitia.system import Given
from aitia.version import __version__

if TYPE_CHECKING:
    from aitia.systems.cadet.model import Cadet
    from aitia.systems.cadet.rewriting import RewrittenTexts

__all__ = ["blocks", "rewriting_report"]

Values = NDArray[np.float64]
MOST_TARGETS = 12
"""Topics in the chart."""
EXAMPLES = 6
"""Texts shown before and after."""


def blocks(model: "Cadet", given: Given) -> Sequence[Block]:
    """What setting style and topic does to these texts; nothing where there are no latents or fewer than two texts."""
    if not model.targets or len(given) < 2:
        return ()
    return [block for section in _sections(model, given, EXAMPLES) for block in section.blocks]


def rewriting_report(model: "Cadet", rows: Any, path: str | Path, *, examples: int = EXAMPLES) -> Path:
    """Writes what setting style and topic does to texts, and to what the model says of them, as one HTML file.

    Args:
        model: A fitted one with latents.
        rows: Two texts or more that the fit has not seen, as `predict` takes them.
        path: Of the file.
        examples: Texts shown before and after.

    Raises:
        DataError: If there are fewer than two texts.
        OptionError: If the model has no latents, or nothing has been fitted.
        RunError: If the file cannot be written.
    """
    given = model.given(rows)
    if len(given) < 2:
        raise DataError(f"a report takes two texts or more, got {len(given)}")
    if not model.targets:
        raise OptionError("variant='erm' has no latents to set: take 'published' or 'adjusted'")
    sections = _sections(model, given, examples)
    if model.warnings:
        sections.insert(0, Section("Keep in mind", [Callout(model.warnings, "warning")]))
    lead = f"{len(given)} texts rewritten with another style or topic, and read again for {str(model.classes_[1])!r}."
    target = Path(path)
    write_whole(target, render("Rewritten texts", lead, sections, f"aitia {__version__}, CADET"), RunError)
    return target


def _sections(model: "Cadet", given: Given, examples: int) -> list[Section]:
    asked = [(t.name, label) for t in model.targets for label in t.labels[:MOST_TARGETS]]
    done = [Intervention({name: label}) for name, label in asked]
    said = {str(do): model.do(do).rewrite(given) for do in done}
    (style, (zero, one)) = (model.targets[0].name, model.styles_)
    first, second = (said[str(Intervention({style: label}))] for label in (zero, one))
    moved, texts = second.probability - first.probability, given.texts("text")
    return [
        Section("What it changes in the answer", _effects(said, moved, model)),
        Section("Before and after", [_examples(texts, (first, second), moved, model, examples)]),
        Section("How well it writes", _writing(model, given, first)),
    ]


def _effects(said: "dict[str, RewrittenTexts]", style: Values, model: "Cadet") -> list[Block]:
    second, (zero, one) = str(model.classes_[1]), model.styles_
    changes = {f"style {one} less style {zero}": style}
    changes |= {name: text.probability - text.reconstruction_probability for name, text in said.items()}
    table = mean_effects(np.stack(list(changes.values())), list(changes))
    columns = [table.column(name).tolist() for name in ("estimate", "low", "high", "adjusted")]
    lines = [Interval(n, e, a, b) for n, e, a, b in zip(changes, *columns[:3], strict=True)]
    rows: list[list[object]] = [
        [name, *(f"{value:+.3f}" for value in cells[:3]), f"{cells[3]:.3f}" if cells[3] >= 0.001 else "< 0.001"]
        for name, *cells in zip(changes, *columns, strict=True)
    ]
    about = (
        f"Change of P({second}) from the text as the model writes it with nothing set to the one with it set; the mean "
        "over texts with its 95 % bootstrap interval. The label is read from what style and topic do not enter, so a "
        "change says that the written text carries them all the same."
    )
    return [
        Picture(interval_chart(lines, x_label=f"change of P({second})", reference=0.0), about),
        Picture(
            histogram(
                {"texts": style},
                mark=0.0,
                x_label=f"P({second}) with style {one} less with style {zero}",
                told="no effect",
            ),
            "Text by text: a mean of nothing can hide texts that move both ways.",
        ),
        TableBlock(["set", "change", "low", "high", "adjusted p"], rows),
    ]


def _examples(
    texts: Sequence[str], said: "tuple[RewrittenTexts, RewrittenTexts]", style: Values, model: "Cadet", examples: int
) -> TableBlock:
    """Those that style moves the most, so that nothing pleasant is chosen."""
    shown = np.argsort(-np.abs(style), kind="stable")[:examples]
    zero, one = said
    rows: list[list[object]] = []
    for k in shown.tolist():
        told = f"{zero.probability[k]:.2f} → {one.probability[k]:.2f}"
        rows.append([texts[k], str(zero.reconstruction[k]), str(zero.texts[k]), str(one.texts[k]), told])
    heads = ["text", "as it is written", *(f"style {name}" for name in model.styles_), "P"]
    return TableBlock(heads, rows, "The texts whose answer the style moves the most.")


def _writing(model: "Cadet", given: Given, said: "RewrittenTexts") -> list[Block]:
    same = float(np.mean([text == again for text, again in zip(given.texts("text"), said.reconstruction, strict=True)]))
    read = model.predict_proba(given)[:, 1]
    apart = float(np.abs(read - said.reconstruction_probability).mean())
    told = ", ".join(f"{name} {nats:.2f}" for name, nats in model.kl.items())
    lines = [
        f"{same:.0%} of the texts come back word for word when nothing is set.",
        f"The answer to a text and to what was written of it differ by {apart:.3f} on average.",
    ]
    if told:
        lines.append(f"A text says so many nats about the latents: {told}.")
    return [Text(" ".join(lines))]
