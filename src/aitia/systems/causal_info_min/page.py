"""The report of a predictor whose bias was taken out: what it gains where, and what the bias says by itself."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError, RunError
from aitia.files import write_whole
from aitia.report.blocks import Block, Callout, Picture, Section, TableBlock, Text
from aitia.report.charts import Line, line_chart
from aitia.report.distributions import shaded_matrix
from aitia.report.intervals import Interval, interval_chart
from aitia.report.page import render
from aitia.stats.effects import mean_effects
from aitia.system import Given
from aitia.systems.causal_info_min.rows import answered, targets_of
from aitia.version import __version__

if TYPE_CHECKING:
    from aitia.systems.causal_info_min.model import CausalInfoMin

__all__ = ["blocks", "debiasing_report"]

Values = NDArray[np.float64]
MOST_ANSWERS = 10
"""Answers in the picture, the most frequent ones."""


def blocks(model: "CausalInfoMin", given: Given) -> Sequence[Block]:
    """The same of one set of rows; nothing where the variant has no bias-only head, or fewer than two have answers."""
    rows = given.take(np.flatnonzero(answered(given)))
    if model.tie_weight is None or len(rows) < 2:
        return ()
    return [block for section in _sections(model, {"new rows": rows}) for block in section.blocks]


def debiasing_report(model: "CausalInfoMin", splits: Mapping[str, Any], path: str | Path) -> Path:
    """Writes how the debiased predictor, what it was before, and its bias alone answer, as one HTML file.

    Args:
        model: A fitted TE-D variant.
        splits: Rows with their answers by name, such as `{"as in training": ..., "other answers": ...}`, as `evaluate`
            takes them; none of the training rows. Kinds of answers are told of the last one.
        path: Of the file.

    Raises:
        OptionError: If there is no split, the variant has no bias-only head, or nothing has been fitted.
        DataError: If a split is the training rows.
        RunError: If the file cannot be written.
    """
    if not splits:
        raise OptionError("a report takes one split or more: inputs and answers by name")
    model.evaluate(splits)  # refuses what was trained on
    sections = _sections(model, {name: model.split_of(split) for name, split in splits.items()})
    if model.warnings:
        sections.insert(0, Section("Keep in mind", [Callout(model.warnings, "warning")]))
    lead = f"{model.config.variant}, chosen by {model.selected_on}; {len(model.vocabulary)} answers."
    target = Path(path)
    page = render("A predictor without its bias", lead, sections, f"aitia {__version__}, CausalInfoMin")
    write_whole(target, page, RunError)
    return target


def _sections(model: "CausalInfoMin", splits: Mapping[str, Given]) -> list[Section]:
    found = {name: _answers(model, rows) for name, rows in splits.items()}
    last = list(splits)[-1]
    sections = [
        Section("How well it answers", _accuracy(found)),
        Section("What the bias knows", _sufficiency(model, splits[last], last)),
        Section("Which answers are given", [_shares(model, found[last], last)]),
    ]
    if len(model.tried) > 1:
        sections.append(Section("How narrow the bias is", _bottlenecks(model)))
    return sections


def _answers(model: "CausalInfoMin", rows: Given) -> dict[str, Values]:
    """What each says, (rows, answers), and `truth`, the scores of the answers."""
    said = {"debiased": model.predict_proba(rows)}
    if model.full_accuracy is not None:
        said["before"] = model.biased(rows)
    said["the bias alone"] = model.bias(rows)
    said["truth"] = targets_of(rows, model.vocabulary).numpy().astype(np.float64)
    return said


def _scores(said: Mapping[str, Values]) -> dict[str, Values]:
    """The score of the answer that each gives, (rows,)."""
    truth = said["truth"]
    rows = np.arange(len(truth))
    return {name: truth[rows, given.argmax(axis=1)] for name, given in said.items() if name != "truth"}


def _accuracy(found: Mapping[str, Mapping[str, Values]]) -> list[Block]:
    lines, rows = [], []
    for split, said in found.items():
        scores = _scores(said)
        table = mean_effects(np.stack(list(scores.values())), list(scores))
        middle, low, high = (table.column(name).tolist() for name in ("estimate", "low", "high"))
        for name, m, a, b in zip(scores, middle, low, high, strict=True):
            lines.append(Interval(f"{split}: {name}", m, a, b, name == "debiased"))
            rows.append([split, name, f"{m:.3f}", f"{a:.3f} to {b:.3f}", len(said["truth"])])
    heads = ["split", "predictor", "accuracy", "95 % interval", "rows"]
    return [
        Picture(
            interval_chart(lines, x_label="share of answers that are right"),
            "Solid: the debiased predictor. Hollow: the head on the feature as it came, and the bias alone.",
        ),
        TableBlock(heads, rows),
    ]


def _sufficiency(model: "CausalInfoMin", split: Given, name: str) -> list[Block]:
    moments = {"debiased": model.sufficiency(split)}
    if model.full_accuracy is not None:
        moments["before"] = model.sufficiency(split, before=True)
    rows: list[list[object]] = []
    for when, told in moments.items():
        parts = {"all rows": told, **told.by_type}
        rows += [[when, of, f"{s.accuracy_ratio:.3f}", f"{s.chosen_probability:.3f}"] for of, s in parts.items()]
    heads = ["predictor", "rows", "accuracy of the bias / of the predictor", "probability of the answer by the bias"]
    return [
        TableBlock(heads, rows, f"On {name}."),
        Text("The lower, the less of what the predictor answers could be had from the bias alone."),
    ]


def _shares(model: "CausalInfoMin", said: Mapping[str, Values], name: str) -> Picture:
    truth = said["truth"]
    often = np.argsort(-truth.sum(axis=0), kind="stable")[:MOST_ANSWERS]
    shares = {
        who: np.bincount(given.argmax(axis=1), minlength=truth.shape[1]) / len(truth) for who, given in said.items()
    }
    grid = np.stack([shares[who][often] for who in said])
    picture = shaded_matrix(list(said), [str(model.vocabulary[k]) for k in often], grid)
    return Picture(picture, f"Share of the rows of {name} that get each answer, the most frequent answers only.")


def _bottlenecks(model: "CausalInfoMin") -> list[Block]:
    tried = sorted(model.tried, key=lambda each: each.nats)
    lines = [Line("accuracy of the bias", [each.accuracy for each in tried])]
    chart = line_chart([each.nats for each in tried], lines, x_label="nats in the bottleneck", y_label="accuracy")
    rows: list[list[object]] = [
        [f"{each.kl_weight:g}", f"{each.nats:.2f}", f"{each.accuracy:.3f}", "in use" if each.chosen else ""]
        for each in tried
    ]
    heads = ["weight of the divergence", "nats", "accuracy on validation rows", ""]
    full = "" if model.full_accuracy is None else f"The whole feature has {model.full_accuracy:.3f}."
    return [Picture(chart, full), TableBlock(heads, rows)]
