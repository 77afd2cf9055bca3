"""Questions of a file put to a model, in a run folder: every answer as it came, scores, and a page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aitia.engine import Engine, Progress, Store
from aitia.errors import RunError
from aitia.report import Callout, Code, Section, render
from aitia.runs import Journal, content_hash, open_run, versions
from aitia.text import Answers, BudgetReachedError, Client, Question, TextScores, answer_questions, scores
from aitia.text.asking import JOURNAL, By
from aitia.text.page import answers_page, sentence
from aitia.workflow.asked_apart import PARTS, Opened, ask_apart

__all__ = ["Questioned", "ask_questions"]

FILES = (JOURNAL, PARTS, "answers.jsonl", "scores.json", "report.html")
"""What a run writes into its folder."""


@dataclass(frozen=True)
class Questioned:
    """Answers and their scores.

    Args:
        answers: Of the client.
        found: How good they are.
        source: The file of the questions.
    """

    answers: Answers
    found: TextScores
    source: str

    @property
    def told(self) -> str:
        """In a sentence."""
        return sentence(self.found)

    @property
    def left(self) -> str:
        """Why the same command has something to do, in a sentence; empty where it has not."""
        if self.answers.stopped:
            return f"{self.answers.stopped}; {self.found.answered} of {self.found.questions} questions are answered"
        if self.found.failed:
            fault = next(one.answer.fault for asked in self.answers.asked for one in asked if one.failed)
            return f"{self.found.failed} times no answer came ({fault})"
        return ""

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "source": self.source, "client": self.answers.client, "by": self.answers.by, "told": self.told,
            "left": self.left, "notes": list(self.answers.notes), "spent": dict(self.answers.spent),
            "scores": self.found.to_json(),
        }  # fmt: skip


def ask_questions(
    client: Client,
    questions: list[Question],
    *,
    source: str,
    out: str | Path | None = None,
    both_orders: bool = True,
    rotations: bool = False,
    by: By = "auto",
    f1: str | None = None,
    seed: int = 0,
    system: str = "",
    engine: Engine | None = None,
    opened: Opened | None = None,
    progress: Progress | None = None,
    command: str | None = None,
) -> Questioned:
    """What a client answers, with its scores.

    Args:
        client: Of `open_client`.
        questions: See `read_questions`.
        source: What they were read from, for the record.
        out: Folder of the run; the same call goes on with what is there. None writes nothing.
        both_orders: As in `answer_questions`, and so are `rotations`, `by`, `seed`, `system` and `progress`.
        engine: Where a model of this machine is asked, part by part, which changes no number; it needs `opened`.
        opened: How a worker opens the client.
        f1: The class of which F1 is told.
        command: The command line.

    Raises:
        BudgetReachedError: If a folder is written and the budget is reached; what was answered is in it.
        RunError: If a question got no answer, in the same way, or the client takes no questions.
        OptionError: As in `answer_questions` and `scores`.
    """
    how: dict[str, Any] = {
        "both_orders": both_orders, "rotations": rotations, "by": by, "seed": seed, "system": system,
    }  # fmt: skip

    def answers_of(log: Store, parts: Store) -> Answers:
        if engine is not None:
            ask_apart(engine, client, opened, questions, log, parts, how, progress)
        return answer_questions(client, questions, log=log, progress=progress, **how)

    if out is None:
        answers = answers_of({}, {})
        return Questioned(answers, scores(answers, f1=f1, seed=seed), source)
    held = json.dumps([question.to_json() for question in questions], ensure_ascii=False)
    config = {"client": client.name, "source": Path(source).name, "f1": f1, **how}
    inputs = {"questions": content_hash(held.encode(errors="replace"))}
    with open_run(out, kind="ask", config=config, inputs=inputs, files=FILES, command=command) as run:
        journal, parts = Journal(run.path / JOURNAL), Journal(run.path / PARTS)
        try:
            answers = answers_of(journal, parts)
        finally:
            journal.close()
            parts.close()
        result = Questioned(answers, scores(answers, f1=f1, seed=seed), source)
        rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in answers.rows())
        run.write_text("answers.jsonl", rows)
        run.write_json("scores.json", result.to_json())
        run.write_text("report.html", _page(result, command), part_of_result=False)
        if result.left:
            error = BudgetReachedError if answers.stopped else RunError
            way = "with a larger budget the same command" if error is BudgetReachedError else "the same command"
            raise error(f"{result.left}; what there is stands in {run.path}, and {way} goes on")
    return result


def _page(result: Questioned, command: str | None) -> str:
    spent: Mapping[str, Any] = result.answers.spent
    told = [f"Asked: {result.answers.client}, by {result.answers.by}."]
    told.append(f"{spent['input_tokens']:,} tokens were read and {spent['output_tokens']:,} written.")
    if spent["cost"]:
        told.append(f"They cost {spent['cost']:.4g} in the currency of the prices.")
    sections = [*answers_page(result.answers, result.found), Section("The client", [Callout(told)])]
    if command:
        sections.append(Section("The command", [Code(command)]))
    footer = "Made with " + ", ".join(f"{name} {version}" for name, version in versions().items()) + "."
    return render(f"Questions of {Path(result.source).name}", result.told, sections, footer)
