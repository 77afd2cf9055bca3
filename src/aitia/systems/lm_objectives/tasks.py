"""Prompts with their options and answers: what rows say of them, how they are ids, and how options are ranked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from aitia.errors import DataError
from aitia.nn.sequences import Example, SequenceModel, Vocabulary, objectives, option_log_probabilities, write
from aitia.nn.sequences.ranking import OptionScores
from aitia.system import Given

__all__ = ["Task", "answer_example", "asked_ids", "check_tasks", "continued", "ranked", "tasks_of", "told_apart"]

HELD_OUT = "held out"
AT_ONCE = 32
"""Prompts that are answered in writing at once."""


@dataclass(frozen=True)
class Task:
    """One prompt.

    Args:
        row: Its number.
        prompt: What is asked.
        options: What may be answered; none where the answer is written.
        answer: The right one; None where nobody says.
        family: The kind of task; empty where nobody says.
        held_out: Whether it is kept from finetuning.
    """

    row: int
    prompt: str
    options: tuple[str, ...]
    answer: str | None
    family: str
    held_out: bool


def tasks_of(given: Given) -> list[Task]:
    """The rows that have a prompt."""
    column = given.column("prompt")
    if given.rows is None or column is None or column not in given.table:
        return []
    table = given.table
    there = ~table.absent(column)
    options = _lists(given)
    said = {name: _texts(given, name) for name in ("answer", "family", "split")}
    return [
        Task(
            row,
            text,
            tuple(options[row]),
            said["answer"][row],
            said["family"][row] or "",
            said["split"][row] == HELD_OUT,
        )
        for row, text in enumerate(table.texts(column))
        if there[row]
    ]


def check_tasks(tasks: Sequence[Task], given: Given) -> None:
    """Refuses options that are empty or twice there, answers that are none of them, and tasks on both sides.

    Raises:
        DataError: Names the row.
    """
    column = given.column("options")
    listed = column is not None and column in given.table
    empty = ~given.table.absent(column) if listed and column is not None else np.zeros(len(given), dtype=bool)
    for task in tasks:
        if not task.prompt.strip():
            raise DataError(f"the prompt of row {task.row} is empty: drop the row")
        if empty[task.row] and not task.options:
            raise DataError(f"row {task.row} has an empty list of options: name some, or leave the cell empty")
        if any(not option.strip() for option in task.options):
            raise DataError(f"row {task.row} has an option without a word: drop it")
        if len(set(task.options)) < len(task.options):
            twice = next(option for option in task.options if task.options.count(option) > 1)
            raise DataError(f"row {task.row} has the option {twice!r} twice: leave one out")
        if task.options and task.answer is not None and task.answer not in task.options:
            raise DataError(
                f"the answer of row {task.row}, {task.answer!r}, is none of its options, {', '.join(task.options)}"
            )
    held, taught = ([t for t in tasks if t.held_out is side] for side in (True, False))
    for what in ("family", "prompt"):
        both = {getattr(t, what) for t in held} & {getattr(t, what) for t in taught} - {""}
        if both:
            row = next(t.row for t in held if getattr(t, what) in both)
            raise DataError(
                f"the {what} {sorted(both)[0]!r} is held out in row {row} and finetuned on in others: choose one"
            )


def asked_ids(vocabulary: Vocabulary, prompt: str, following: str, encoder: bool) -> tuple[list[int], list[int]]:
    """Ids of a prompt, and of what follows it after a blank; behind an encoder it stands by itself."""
    first = vocabulary.encode(prompt).tolist()
    if encoder:
        return first, vocabulary.encode(following).tolist()
    whole = vocabulary.encode(f"{prompt} {following}").tolist()
    # Where the seam changes the last token of the prompt, what follows is read by itself.
    parted = whole[: len(first)] == first and len(whole) > len(first)
    return first, whole[len(first) :] if parted else vocabulary.encode(f" {following}").tolist()


def answer_example(model: SequenceModel, task: Task, begin: int) -> Example:
    """A prompt with its right answer and the end of a sequence; the answer carries loss."""
    prompt, answer = asked_ids(model.vocabulary, task.prompt, task.answer or "", model.has_encoder)
    made = objectives.responses([(prompt, False), ([*answer, model.vocabulary.end], True)])
    return made.encoded(begin) if model.has_encoder else made


def ranked(model: SequenceModel, tasks: Sequence[Task]) -> list[OptionScores]:
    """log p of the options of each task, by sum and by mean over tokens.

    Raises:
        DataError: If the tokenizer cannot tell two options apart (names the row), or a text is longer than the model
            takes.
    """
    pairs = [_pairs(model, task) for task in tasks]
    for task, held in zip(tasks, pairs, strict=True):
        if not _differ(held):
            raise DataError(
                f"the tokenizer cannot tell two options of row {task.row} apart, {', '.join(task.options)}: it does "
                "not know their words; take another tokenizer, or rows that hold them"
            )
    return option_log_probabilities(
        model, [held[0][0] for held in pairs], [[option for _, option in held] for held in pairs]
    )


def told_apart(model: SequenceModel, tasks: Sequence[Task]) -> list[Task]:
    """The tasks whose options are different ones to the tokenizer."""
    return [task for task in tasks if _differ(_pairs(model, task))]


def _pairs(model: SequenceModel, task: Task) -> list[tuple[list[int], list[int]]]:
    return [asked_ids(model.vocabulary, task.prompt, option, model.has_encoder) for option in task.options]


def _differ(pairs: Sequence[tuple[list[int], list[int]]]) -> bool:
    return len({tuple(option) for _, option in pairs}) == len(pairs)


@torch.no_grad()
def continued(
    model: SequenceModel, prompts: Sequence[str], *, most: int, temperature: float = 0.0, seed: int = 0
) -> list[str]:
    """What a model writes after each prompt, to the end of a sequence or `most` tokens."""
    ids = [model.vocabulary.encode(prompt).tolist() for prompt in prompts]
    found: list[str] = []
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        if model.has_encoder:
            rows = _generated(model, part, most, temperature, seed + start)
        else:
            rows = write(model, part, most=most, temperature=temperature, seed=seed + start)
        found += [model.vocabulary.decode(row).strip() for row in rows]
    return found


def _generated(
    model: SequenceModel, prompts: Sequence[Sequence[int]], most: int, temperature: float, seed: int
) -> list[list[int]]:
    vocabulary = model.vocabulary
    lengths = torch.tensor([len(row) for row in prompts])
    ids = torch.full((len(prompts), int(lengths.max())), vocabulary.pad)
    for k, row in enumerate(prompts):
        ids[k, : len(row)] = torch.as_tensor(list(row))
    present = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    how = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}
    never = [*vocabulary.mask.tolist(), *([vocabulary.pad] if vocabulary.pad != vocabulary.end else [])]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rows = model.model.generate(  # type: ignore[operator]
            input_ids=ids.to(model.device), attention_mask=present.to(model.device), max_new_tokens=most,
            eos_token_id=vocabulary.end, pad_token_id=vocabulary.pad, suppress_tokens=never, num_beams=1, **how,
        )[:, 1:].tolist()  # fmt: skip
    return [row[: row.index(vocabulary.end)] if vocabulary.end in row else row for row in rows]


def _lists(given: Given) -> list[list[str]]:
    column = given.column("options")
    if column is None or column not in given.table:
        return [[] for _ in range(len(given))]
    return [[str(option) for option in held] for held in given.table.lists(column)]


def _texts(given: Given, role: str) -> list[str | None]:
    column = given.column(role)
    if column is None or column not in given.table:
        return [None] * len(given)
    gone = given.table.absent(column)
    return [None if gone[row] else text for row, text in enumerate(given.table.texts(column))]
