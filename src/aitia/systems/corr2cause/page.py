"""The report of who answers: questions with every answer, scores by hypothesis, labels that are not exact."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aitia.errors import DataError
from aitia.report.blocks import Block, TableBlock, Text
from aitia.systems.corr2cause.judge import f1, parts_of_f1
from aitia.systems.corr2cause.reading import labels_of, texts_of
from aitia.systems.corr2cause.solver import read
from aitia.worlds.correlation_text import read_hypothesis

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.systems.corr2cause.model import Corr2Cause

__all__ = ["blocks"]

SHOWN, MOST, DIFFERENT = 12, 300, 40
"""Questions in the table, questions that are looked at, and labels that are listed, at most."""
READ_OTHERWISE = "the question is of another wording"


def blocks(system: "Corr2Cause", given: "Given") -> list[Block]:
    """Some questions; F1 of each kind of hypothesis; each label that is not what the solver says, with both answers."""
    rows = given.take(range(min(MOST, len(given))))
    texts, labels, said, derived = texts_of(rows), labels_of(rows), system.answers(rows), system.derived(rows)
    who = system.subjects["model"].id if "model" in system.subjects else f"the method {system.config.method}"
    if system.config.tune:
        who += ", tuned on questions with labels"
    lines: list[list[object]] = [
        [row, texts[row][1], _told(labels[row]), _told(said.answers[row]), _told(derived[row])]
        for row in range(min(SHOWN, len(rows)))
    ]
    found: list[Block] = [
        Text(
            f"Answered by {who}. Exact: whether it holds in every causal graph that the premise leaves, a common cause "
            f"read as {system.config.common_cause}."
        ),
        TableBlock(["row", "question", "label", "answer", "exact"], lines, "The first questions."),
    ]
    found += _by_kind(texts, said.answers, [a if a is not None else b for a, b in zip(labels, derived, strict=True)])
    if said.asked is not None:
        silent = sum(answer is None for answer in said.answers)
        cost = ", ".join(f"{name} {value}" for name, value in said.asked.spent.items() if value)
        found.append(
            Text(
                f"{silent} of {len(rows)} questions have no answer of use: silence, another text than an option, or "
                f"another answer when the options were turned round. Spent: {cost or 'nothing'}."
            )
        )
    return [*found, *_different(texts, labels, derived)]


def _by_kind(texts: list[tuple[str, str]], said: Sequence[bool | None], truth: list[bool | None]) -> list[Block]:
    kinds: dict[str, list[int]] = defaultdict(list)
    for row, (premise, question) in enumerate(texts):
        try:
            kinds[read_hypothesis(question, read(premise).names).kind].append(row)
        except DataError:
            kinds[READ_OTHERWISE].append(row)
    lines: list[list[object]] = []
    for kind, of in kinds.items():
        known = [row for row in of if truth[row] is not None]
        if known:
            own = [bool(truth[row]) for row in known]
            picked = [said[row] for row in known]
            precision, recall = parts_of_f1(picked, own)
            lines.append([kind, len(known), sum(own), f"{precision:.2f}", f"{recall:.2f}", f"{f1(picked, own):.2f}"])
    if not lines:
        return []
    return [TableBlock(["hypothesis", "questions", "entailed", "precision", "recall", "F1"], lines, "Of what follows.")]


def _different(texts: list[tuple[str, str]], labels: list[bool | None], derived: list[bool | None]) -> list[Block]:
    """Labels that the solver contradicts."""
    odd = [
        row for row, (label, exact) in enumerate(zip(labels, derived, strict=True))
        if label is not None and exact is not None and label != exact
    ]  # fmt: skip
    if not odd:
        return []
    lines: list[list[object]] = [[row, texts[row][1], _told(labels[row]), _told(derived[row])] for row in odd]
    about = f"{len(odd)} of {len(labels)} labels are not what holds in every graph of the class."
    return [TableBlock(["row", "question", "label", "exact"], lines[:DIFFERENT], about)]


def _told(answer: bool | None) -> str:
    return "" if answer is None else "Yes" if answer else "No"
