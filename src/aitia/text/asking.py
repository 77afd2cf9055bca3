"""Questions put to a client: in both orders of their options, with a log that outlives a kill.

Each answer is written to the log as soon as it is there. The same call goes on where it stopped and asks again only
what got no answer; an answer that names no option is kept as it came, and counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from aitia.engine import Progress, Store
from aitia.errors import DataError, OptionError, RunError
from aitia.files import made_folder
from aitia.runs import LOCK, Journal, Lock
from aitia.text.answer import Answer
from aitia.text.choices import LETTERS, parse_choice
from aitia.text.client import Client
from aitia.text.prompts import Prompt
from aitia.text.questions import Question, orders
from aitia.text.spending import BudgetReachedError

__all__ = ["JOURNAL", "Answers", "Asked", "By", "answer_questions"]

By = Literal["auto", "text", "letters", "options"]
"""How an option is chosen: by what is written, by the log-probability of its letter, or of its words for a token."""
JOURNAL = "answers.journal"
"""The log, in its folder."""
CHUNK = 32
"""Prompts whose options are ranked between two looks at the log."""
TIE = 1e-9
"""Log-probabilities this near are equal, and nothing is chosen."""


@dataclass(frozen=True)
class Asked:
    """One question in one order.

    Args:
        order: Numbers of the options in the order in which they were lettered.
        answer: What came.
        choice: Number of the option that was chosen; None where the answer names none.
        log_probabilities: Of the options by their numbers, where they were ranked.
    """

    order: tuple[int, ...]
    answer: Answer
    choice: int | None
    log_probabilities: tuple[float, ...] = ()

    @property
    def position(self) -> int | None:
        """Where in the order the option stood that was chosen."""
        return None if self.choice is None else self.order.index(self.choice)

    @property
    def failed(self) -> bool:
        """Whether no answer came; the next call asks again."""
        return bool(self.answer.fault)

    @property
    def unparsed(self) -> bool:
        """Whether an answer came that names no option."""
        return self.choice is None and not self.failed


@dataclass(frozen=True)
class Answers:
    """Of a client to questions.

    Args:
        questions: That were asked.
        asked: For each question what was asked of it; empty where a budget was reached before.
        client: Name of the client.
        by: How options were chosen.
        spent: Tokens and cost, of what is at hand in the log too.
        stopped: Why questions are left, in a sentence; empty where none are.
        notes: What is worth knowing, in sentences.
    """

    questions: tuple[Question, ...]
    asked: tuple[tuple[Asked, ...], ...] = field(repr=False)
    client: str = ""
    by: str = "text"
    spent: Mapping[str, Any] = field(default_factory=dict)
    stopped: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.questions)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One record for each time a question was asked: the prompt, the answer verbatim, the option, the label."""
        for question, several in zip(self.questions, self.asked, strict=True):
            for one in several:
                yield {
                    "id": question.id, "group": question.group, "order": list(one.order),
                    "prompt": question.prompt(one.order), "answer": one.answer.text, "finish": one.answer.finish,
                    "choice": None if one.choice is None else question.options[one.choice], "label": question.label,
                    "fault": one.answer.fault, "refused": one.answer.refused,
                    "log_probabilities": list(one.log_probabilities), "input_tokens": one.answer.input_tokens,
                    "output_tokens": one.answer.output_tokens, "cost": one.answer.cost, "by": one.answer.by,
                }  # fmt: skip


def answer_questions(
    client: Client,
    questions: Sequence[Question],
    *,
    log: str | Path | Store | None = None,
    both_orders: bool = True,
    rotations: bool = False,
    by: By = "auto",
    seed: int = 0,
    system: str = "",
    progress: Progress | None = None,
) -> Answers:
    """What a client answers.

    Args:
        client: See `open_client`.
        questions: Each with an id of its own, or none.
        log: Folder that keeps every answer, or a mapping; the same call goes on there. None keeps nothing.
        both_orders: Ask each with its options from the last to the first too.
        rotations: Ask each with every option in every place, in place of both orders.
        by: `text` reads what is written, `letters` and `options` compare log-probabilities, which a model on this
            machine gives; `auto` takes letters where there are log-probabilities.
        seed: Of sampling.
        system: What the client is told beforehand.
        progress: Told how far it is.

    Raises:
        RunError: If the client takes no questions, another process uses the log, or the log is damaged.
        OptionError: If there is no question, two have one id, or there are no log-probabilities.
    """
    held = tuple(questions)
    _check(held, by, client)
    how = by if by != "auto" else "letters" if client.gives_log_probabilities else "text"
    which = "given" if how == "options" or not (both_orders or rotations) else "rotations" if rotations else "both"
    plan = [(k, order) for k, question in enumerate(held) for order in orders(len(question.options), which)]
    # A prompt has its place in the log under a key of all that its answer depends on.
    prompts = [_prompt(held[k], order, how, system) for k, order in plan]
    keys = [client.key(p, seed, None, how, held[k].ordered(o)) for p, (k, o) in zip(prompts, plan, strict=True)]
    stopped = ""
    with ExitStack() as stack:
        store = _opened(stack, log, client)
        new = [n for n, key in enumerate(keys) if key not in store or store[key].get("fault")]
        kept = done = len(plan) - len(new)
        asking = _texts if how == "text" else _ranked
        try:
            for n, record in asking(client, [(prompts[n], held[plan[n][0]], plan[n][1], n) for n in new], how, seed):
                store[keys[n]] = record
                done += 1
                kept += not record.get("fault")
                if progress is not None:
                    progress("asking", done, len(plan))
        except BudgetReachedError as error:
            stopped = str(error)
        except RunError as error:
            if log is None or not kept:
                raise
            where = f" in {log}" if isinstance(log, str | Path) else ""
            raise RunError(
                f"{error}; {kept} of {len(plan)} answers are kept{where}: the same command goes on"
            ) from error
        asked = _read(held, plan, [store.get(key) for key in keys])
    return Answers(held, asked, client.name, how, client.spending.to_json(), stopped, tuple(client.notes))


def _check(questions: Sequence[Question], by: str, client: Client) -> None:
    if not questions:
        raise OptionError("there is no question")
    if by not in get_args(By):
        raise OptionError(f"by is one of {', '.join(get_args(By))}, got {by!r}")
    if by in ("letters", "options") and not client.gives_log_probabilities:
        raise OptionError(f"{client.name} gives no log-probabilities: take by='text'")
    ids = [question.id for question in questions if question.id]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise OptionError(f"two questions have the id {twice[:60]!r}: give each its own")


def _prompt(question: Question, order: Sequence[int], how: str, system: str) -> Prompt:
    if how == "options":
        return Prompt(f"{question.premise.strip()}\n\n{question.question.strip()}".strip(), question.pictures, system)
    ending = "\nAnswer:" if how == "letters" else ""
    return Prompt(question.prompt(order) + ending, question.pictures, system)


def _opened(stack: ExitStack, log: str | Path | Store | None, client: Client) -> Store:
    """The log; what it says was spent is counted."""
    if log is None:
        return {}
    if not isinstance(log, str | Path):
        store, name = log, f"a mapping {id(log)}"
    else:
        folder = Path(log)
        stack.enter_context(made_folder(folder, RunError))
        stack.enter_context(Lock(folder / LOCK))
        store = Journal(folder / JOURNAL)
        stack.callback(store.close)
        name = str((folder / JOURNAL).resolve())
    for record in store.values():
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            raise RunError(f"the log holds {str(record)[:60]}, which is no answer: give another folder")
    client.spending.found(name, store.values())
    return store


_Plan = tuple[Prompt, Question, tuple[int, ...], int]


def _texts(client: Client, plan: Sequence[_Plan], how: str, seed: int) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, answer in client.each([prompt for prompt, *_ in plan], seed):
        yield plan[place][3], answer.to_json()


def _ranked(client: Client, plan: Sequence[_Plan], how: str, seed: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Log-probabilities of letters in their order, or of the words of the options."""
    fault = getattr(client.backend, "longest_fault", None)
    for start in range(0, len(plan), CHUNK):
        fitting, said = [], []
        for prompt, question, order, n in plan[start : start + CHUNK]:
            options = list(question.options if how == "options" else LETTERS[: len(order)])
            if fault is not None and (why := fault(prompt, options)):
                yield n, Answer("", fault=why).to_json()
                continue
            fitting.append((prompt, n))
            said.append(options)
        if not fitting:
            continue
        try:
            found = client.choose([prompt for prompt, _ in fitting], said, mean=how == "options")
        except DataError as error:
            raise RunError(str(error)) from error
        for (_, n), row, options in zip(fitting, found, said, strict=True):
            scores = row[: len(options)]
            best = int(np.argmax(scores))
            tied = int((scores > scores[best] - TIE).sum()) > 1
            yield n, Answer("" if tied else options[best]).to_json() | {"log_probabilities": scores.tolist()}


def _read(
    questions: Sequence[Question], plan: Sequence[tuple[int, tuple[int, ...]]], records: Sequence[Any]
) -> tuple[tuple[Asked, ...], ...]:
    found: list[list[Asked]] = [[] for _ in questions]
    for (k, order), record in zip(plan, records, strict=True):
        if record is not None:
            found[k].append(_asked(questions[k], order, record))
    return tuple(map(tuple, found))


def _asked(question: Question, order: tuple[int, ...], record: Mapping[str, Any]) -> Asked:
    answer = Answer.from_json(record)
    scores = [float(value) for value in record.get("log_probabilities", ())]
    if answer.fault or answer.refused or answer.cut:
        return Asked(order, answer, None, tuple(scores))
    if scores:  # letters follow the order, words do not
        by_option = dict(zip(order, scores, strict=True))
        choice = max(by_option, key=by_option.__getitem__) if answer.text else None
        return Asked(order, answer, choice, tuple(by_option[k] for k in range(len(scores))))
    place = parse_choice(answer.text, question.ordered(order))
    return Asked(order, answer, None if place is None else order[place])
