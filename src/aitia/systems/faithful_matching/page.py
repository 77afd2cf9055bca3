"""The report of explainers of a text classifier: their errors, and what stands in for what would have been."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aitia.errors import OptionError, RunError
from aitia.files import write_whole
from aitia.report.blocks import Block, Picture, Section, TableBlock, Text
from aitia.report.intervals import Interval, interval_chart
from aitia.report.page import render
from aitia.version import __version__

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.faithful_matching.config import Matcher
    from aitia.systems.faithful_matching.explainer_errors import ExplainerErrors
    from aitia.systems.faithful_matching.matching import Matching
    from aitia.systems.faithful_matching.model import FaithfulMatching

__all__ = ["blocks", "errors_chart", "matching_report"]


def errors_chart(errors: "ExplainerErrors") -> str:
    """The L2 error of each explainer with its interval as SVG, the best first; hollow for those that use no match."""
    table = errors.table()
    columns = [table.column(name).tolist() for name in ("l2", "low", "high")]
    lines = [
        Interval(str(name), middle, low, high, not str(name).startswith(("conexp", "s-learner", "generation")))
        for name, middle, low, high in zip(table.labels("explainer").tolist(), *columns, strict=True)
    ]
    return interval_chart(lines, x_label="L2 error of single effects, mean over changes and concepts")


def matching_report(
    model: "Matching",
    errors: "ExplainerErrors",
    black_box: Any,
    path: str | Path,
    *,
    examples: int = 4,
    by: "tuple[Matcher, ...]" = ("causal", "tf-idf", "random"),
) -> Path:
    """Writes an evaluation as one HTML file.

    Args:
        model: The fitted explainer.
        errors: From its `evaluate`.
        black_box: The one that was explained.
        path: Of the file.
        examples: Pairs that are shown with their matches, of each concept in turn.
        by: Matchers whose best match is shown.

    Raises:
        OptionError: If there is no example to show, or no matcher.
        RunError: If the file cannot be written.
    """
    if examples < 1 or not by:
        raise OptionError(f"a report shows at least 1 example of at least 1 matcher, got {examples} and {by}")
    table = errors.table()
    heads = ["explainer", "L2", "low", "high", "cosine", "norm", "L2 of averages", "order"]
    columns = [table.labels("explainer").tolist(), *(table.column(name).tolist() for name in table.names[1:])]
    note = (
        "Errors are averaged over the pairs of a change, then over the changes of a concept, then over concepts; lower "
        "is better. Order: how often two changes are told in the right order; 0.5 is chance."
    )
    sections = [
        Section(
            "How far each explainer is off",
            [
                Picture(errors_chart(errors), "With 95 % intervals over texts. Hollow: without matches."),
                TableBlock(heads, list(zip(*columns, strict=True)), note),
            ],
        ),
        Section("What stands in for what would have been", _examples(model, errors, black_box, examples, by)),
    ]
    lead = (
        f"{len(errors.pairs)} texts with one concept changed; the pool has {len(model.texts)} texts, read for "
        f"{', '.join(model.categories)}."
    )
    target = Path(path)
    page = render("Explaining a text classifier by matching", lead, sections, f"aitia {__version__}, FaithfulMatching")
    write_whole(target, page, RunError)
    return target


SHOWN = 4
"""Texts that a report shows."""


def blocks(system: "FaithfulMatching", given: "Given") -> list[Block]:
    """Some rows and what stands in for them under each value of each concept; effects where there is a classifier."""
    rows = given.take(range(min(SHOWN, len(given))))
    texts, told = rows.texts("text"), []
    for target in system.targets:
        for label in target.labels:
            new = system.do({target.name: label}).edit(rows).known.texts(str(rows.column("text")))
            told += [[f"{target.name}={label}", a, b] for a, b in zip(texts, new, strict=True) if a != b]
    found: list[Block] = [
        Text("Rows, and the texts that stand in for them when a concept is set."),
        TableBlock(["do", "the text", "what stands in"], told),
    ]
    if "model" in system.subjects or system.said:
        table = system.effects(given)
        names = ("effect", "low", "high", "control")
        lines = zip(
            *(table.labels(n).tolist() for n in ("target", "outcome")), *(table.column(n).tolist() for n in names),
            strict=True,
        )  # fmt: skip
        about = "Mean change of a class's probability, with a 95 % interval; control: matches at random."
        found.append(TableBlock(["target", "class", *names], [list(line) for line in lines], about))
    return found


def _examples(
    model: "Matching", errors: "ExplainerErrors", black_box: Any, count: int, by: "tuple[Matcher, ...]"
) -> list[Block]:
    pairs = errors.pairs
    blocks: list[Block] = []
    for row in _spread(pairs.treatment, count):
        text, treatment, target = pairs.texts[row], pairs.treatment[row], pairs.end[row]
        groups = None if pairs.groups is None else [pairs.groups[row]]
        rows: list[list[object]] = [
            ["the text", text, ""],
            ["what it would be", pairs.counterfactuals[row], _change(errors.true[row])],
        ]
        for name in by:
            effects = model.explain([text], treatment, target, black_box, by=name, k=1, groups=groups)
            match = model.texts[int(effects.matches.rows[0][0])] if effects.matches else ""
            rows.append([f"match: {name}", match, _change(effects.values[0])])
        told = f"{treatment}: {pairs.start[row]} to {target}"
        blocks += [Text(told), TableBlock(["", "text", "change of the probabilities"], rows)]
    return blocks


def _spread(treatments: Sequence[str], count: int) -> list[int]:
    """Rows of each treatment in turn."""
    rows = {name: [row for row, of in enumerate(treatments) if of == name] for name in dict.fromkeys(treatments)}
    turns = zip_longest(*rows.values())
    return [row for turn in turns for row in turn if row is not None][:count]


def _change(effect: Any) -> str:
    return "  ".join(f"{value:+.2f}" for value in effect)
