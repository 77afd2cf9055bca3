"""Answers and their scores as a page: beside answers without reasoning, by position, question by question."""

from collections.abc import Sequence

from aitia.report import Block, Callout, Picture, Section, TableBlock, Text
from aitia.report.intervals import Interval, interval_chart
from aitia.text.asking import Answers, Asked
from aitia.text.questions import Question
from aitia.text.scores import Share, TextScores

__all__ = ["SCORE_COLUMNS", "answers_page", "score_rows", "sentence"]

SCORE_COLUMNS = ("score", "value", "95 % interval", "questions")
MOST_ROWS = 500
"""Questions that the page shows; the files have all."""
LONGEST = 240
"""Characters of an answer in a table."""


def sentence(found: TextScores) -> str:
    """How it went, in words."""
    if not found.labelled:
        return f"{found.answered} of {found.questions} questions were answered, and none of them has a label."
    held = found.grouped or found.accuracy
    best = max(found.trivial, key=found.trivial.__getitem__)
    if found.above_trivial:
        beside = f"above every answer without reasoning, the best of which ({best}) reaches {found.trivial[best]:.3f}"
    else:
        beside = f"not above trivial: {best}, without reasoning, reaches {found.trivial[best]:.3f}"
    return f"Accuracy {held.value:.3f} ({held.low:.3f} to {held.high:.3f}) over {found.labelled} questions: {beside}."


def score_rows(found: TextScores) -> list[list[object]]:
    """One row a score, under `SCORE_COLUMNS`."""
    rows = [_row("accuracy", found.accuracy)]
    if found.grouped is not None:
        rows.append(_row("accuracy, over groups", found.grouped))
    if found.f1 is not None and found.f1_interval is not None:
        low, high = found.f1_interval
        rows.append(["F1", f"{found.f1:.3f}", f"{low:.3f} to {high:.3f}", found.labelled])
    if found.consistency.n:
        rows += [_row("same option in every order", found.consistency)]
        rows += [_row("accuracy where it is the same", found.consistent_accuracy)]
    return rows


def _row(name: str, share: Share) -> list[object]:
    value = f"{share.value:.3f}" if share.n else "-"
    return [name, value, f"{share.low:.3f} to {share.high:.3f}" if share.n else "-", share.n]


def answers_page(answers: Answers, found: TextScores) -> list[Section]:
    """The sections of a report."""
    sections = [Section("In short", [Text(sentence(found)), *_warnings(answers, found)])]
    sections.append(Section("Scores", [TableBlock(SCORE_COLUMNS, score_rows(found)), *_trivial(found)]))
    positions: list[Sequence[object]] = [
        [letter, found.right.get(letter, 0), found.chosen.get(letter, 0)]
        for letter in sorted({*found.right, *found.chosen})
    ]
    if positions:
        caption = (
            "How often the right option stood at each letter, and how often that letter was chosen, over all orders."
        )
        sections.append(Section("Positions", [TableBlock(("letter", "right", "chosen"), positions, caption)]))
    if unread := [(q, one) for q, one in _flat(answers) if one.unparsed or one.failed]:
        rows = [[q.id, _why(one), _short(one.answer.text or one.answer.fault)] for q, one in unread[:MOST_ROWS]]
        sections.append(
            Section("Answers that name no option", [TableBlock(("question", "what it is", "verbatim"), rows)])
        )
    sections.append(Section("Questions", [_questions(answers)]))
    return sections


def _trivial(found: TextScores) -> list[Block]:
    """The accuracy beside that of answers without reasoning."""
    if not found.labelled:
        return []
    held = found.grouped or found.accuracy
    bars = [Interval("the model", held.value, held.low, held.high)]
    bars += [Interval(name, value, value, value, solid=False) for name, value in found.trivial.items()]
    caption = "Below the model what answers without reasoning reach on these questions."
    chart = Picture(interval_chart(bars, x_label="accuracy"), caption)
    if found.f1 is None or found.f1_trivial is None:
        return [chart]
    rows: list[Sequence[object]] = [
        ["the model", found.f1],
        *([name, value] for name, value in found.f1_trivial.items()),
    ]
    return [chart, TableBlock(("answer", "F1"), rows)]


def _warnings(answers: Answers, found: TextScores) -> list[Block]:
    told = [answers.stopped] if answers.stopped else []
    if found.answered < found.questions:
        told.append(
            f"{found.questions - found.answered} of {found.questions} questions are not answered in every order"
        )
    if found.unparsed:
        kinds = [f"{n} {name}" for name, n in (("refused", found.refused), ("cut", found.cut)) if n]
        of = f" ({', '.join(kinds)})" if kinds else ""
        told.append(f"{found.unparsed} answers name no option{of}; they count as wrong and stand below as they came")
    if found.failed:
        told.append(f"{found.failed} times no answer came; the same command asks again")
    if found.consistency.n and found.consistency.high < 0.5:
        told.append("most answers change with the order of the options: the model chooses a place and not an option")
    blocks: list[Block] = [Callout([f"{line[:1].upper()}{line[1:]}." for line in told], "warning")] if told else []
    if answers.notes:
        blocks.append(Callout([f"{line[:1].upper()}{line[1:]}." for line in answers.notes]))
    return blocks


def _questions(answers: Answers) -> TableBlock:
    rows = []
    for question, asked in list(zip(answers.questions, answers.asked, strict=True))[:MOST_ROWS]:
        said = "; ".join("-" if one.choice is None else question.options[one.choice] for one in asked) or "not asked"
        right = "" if question.label is None or not asked else f"{_hits(question, asked)} of {len(asked)}"
        rows.append([question.id, _short(question.question), question.label or "", _short(said), right])
    left = len(answers) - len(rows)
    more = f" {left} more stand in answers.jsonl." if left else ""
    caption = f"What was chosen in each order, and how often it was right.{more}"
    return TableBlock(("id", "question", "label", "chosen", "right"), rows, caption)


def _hits(question: Question, asked: Sequence[Asked]) -> int:
    return sum(one.choice is not None and one.choice == question.answer for one in asked)


def _flat(answers: Answers) -> list[tuple[Question, Asked]]:
    return [(q, one) for q, asked in zip(answers.questions, answers.asked, strict=True) for one in asked]


def _why(one: Asked) -> str:
    if one.failed:
        return "no answer"
    return (
        "refused"
        if one.answer.refused
        else "cut"
        if one.answer.cut
        else "not understood"
        if one.answer.text
        else "silent"
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
