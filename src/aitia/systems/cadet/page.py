"""The report of a classifier of texts that rewrites them: what setting the style or the target changes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.errors import DataError, RunError
from aitia.files import write_whole
from aitia.report.blocks import Block, Callout, Picture, Section, TableBlock, Text
from aitia.report.distributions import histogram
from aitia.report.intervals import Interval, interval_chart
from aitia.report.page import render
from aitia.stats.effects import mean_effects
from aitia.version import __version__

if TYPE_CHECKING:
    from aitia.systems.cadet import Cadet, RewrittenTexts

__all__ = ["rewriting_report"]

Values = NDArray[np.float64]
MOST_TARGETS = 12
"""Targets in the chart."""


def rewriting_report(model: "Cadet", texts: Sequence[str], path: str | Path, *, examples: int = 6) -> Path:
    """Writes what setting style and target does to texts, and to what the model says of them, as one HTML file.

    Args:
        model: A fitted one with latents.
        texts: Two or more that the fit has not seen.
        path: Of the file.
        examples: Texts shown before and after.

    Raises:
        DataError: If there are fewer than two texts.
        OptionError: If the model has no latents, or nothing has been fitted.
        RunError: If the file cannot be written.
    """
    texts = list(texts)
    if len(texts) < 2:
        raise DataError(f"a report takes two texts or more, got {len(texts)}")
    said = {f"do(style={k})": model.counterfactual(texts, Intervention(style=k)) for k in (0, 1)}
    for name in model.targets_[:MOST_TARGETS]:
        said[f"do(target={name})"] = model.counterfactual(texts, Intervention(target=name))
    second = str(model.classes_[1])
    style = said["do(style=1)"].probability - said["do(style=0)"].probability
    sections = [
        Section("What it changes in the answer", _effects(said, style, second)),
        Section("Before and after", [_examples(texts, said, style, examples)]),
        Section("How well it writes", _writing(model, texts, said["do(style=0)"])),
    ]
    if model.warnings:
        sections.insert(0, Section("Keep in mind", [Callout(model.warnings, "warning")]))
    lead = f"{len(texts)} texts rewritten with another style or target, and read again for {second!r}."
    target = Path(path)
    write_whole(target, render("Rewritten texts", lead, sections, f"aitia {__version__}, CADET"), RunError)
    return target


def _effects(said: "dict[str, RewrittenTexts]", style: Values, second: str) -> list[Block]:
    changes = {"style 1 less style 0": style}
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
        "over texts with its 95 % bootstrap interval. The label is read from what style and target do not enter, so a "
        "change says that the written text carries them all the same."
    )
    return [
        Picture(interval_chart(lines, x_label=f"change of P({second})", reference=0.0), about),
        Picture(
            histogram(
                {"texts": style}, mark=0.0, x_label=f"P({second}) with style 1 less with style 0", told="no effect"
            ),
            "Text by text: a mean of nothing can hide texts that move both ways.",
        ),
        TableBlock(["set", "change", "low", "high", "adjusted p"], rows),
    ]


def _examples(texts: Sequence[str], said: "dict[str, RewrittenTexts]", style: Values, examples: int) -> TableBlock:
    """Those that style moves the most, so that nothing pleasant is chosen."""
    shown = np.argsort(-np.abs(style), kind="stable")[:examples]
    zero, one = said["do(style=0)"], said["do(style=1)"]
    rows: list[list[object]] = []
    for k in shown.tolist():
        told = f"{zero.probability[k]:.2f} → {one.probability[k]:.2f}"
        rows.append([texts[k], str(zero.reconstruction[k]), str(zero.texts[k]), str(one.texts[k]), told])
    heads = ["text", "as it is written", "style 0", "style 1", "P"]
    return TableBlock(heads, rows, "The texts whose answer the style moves the most.")


def _writing(model: "Cadet", texts: Sequence[str], said: "RewrittenTexts") -> list[Block]:
    same = float(np.mean([text == again for text, again in zip(texts, said.reconstruction, strict=True)]))
    read = model.predict_proba(texts)[:, 1]
    apart = float(np.abs(read - said.reconstruction_probability).mean())
    told = ", ".join(f"{name} {nats:.2f}" for name, nats in model.kl.items())
    lines = [
        f"{same:.0%} of the texts come back word for word when nothing is set.",
        f"The answer to a text and to what was written of it differ by {apart:.3f} on average.",
    ]
    if told:
        lines.append(f"A text says so many nats about the latents: {told}.")
    return [Text(" ".join(lines))]
