"""How many prompts are answered right, and how well held-out texts are said, beside what needs no model."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.nn.sequences import Example, SequenceBatch, SequenceModel, collate
from aitia.system import Given, Score, Scores
from aitia.systems.lm_objectives.making import Ids, pieces_of
from aitia.systems.lm_objectives.stages import Stage
from aitia.systems.lm_objectives.tasks import Task, ranked, tasks_of, told_apart
from aitia.systems.lm_objectives.training import Arm, drawn_documents

if TYPE_CHECKING:
    from aitia.systems.lm_objectives.model import LmObjectives

__all__ = ["accuracy", "judged", "surprise"]

AT_ONCE = 32


def judged(model: "LmObjectives", fresh: Given, seen: Given) -> Scores:
    """Accuracy by ranking, of held-out families apart; then perplexity by the objective of the arm that answers."""
    from aitia.systems.lm_objectives.model import documents_of

    scores: dict[str, Score] = {}
    known = [task for task in tasks_of(seen) if task.answer is not None and task.options]
    asked = [task for task in tasks_of(fresh) if task.answer is not None and task.options]
    held_out = [task for task in (*asked, *known) if task.held_out]
    apart = {id(task) for task in told_apart(model.answering.model, (*asked, *held_out))}
    learnt = [task for task in known if not task.held_out]
    texts = [text for _, text in documents_of(seen)]
    for name, part in (("accuracy", [t for t in asked if not t.held_out]), ("accuracy, held out", held_out)):
        if kept := [task for task in part if id(task) in apart]:
            scores[name] = _accuracy(model, kept, learnt, texts, name, len(part) - len(kept))
    documents = documents_of(fresh)
    if documents and texts:
        scores["perplexity"] = _perplexity(model.answering, documents, documents_of(seen), model.config.length)
    return scores


def accuracy(model: SequenceModel, tasks: Sequence[Task]) -> tuple[float, float]:
    """Share of prompts whose likeliest option is right, by sum and by mean of log-probabilities."""
    found = ranked(model, tasks)
    right = [
        [task.options[int(by.argmax())] == task.answer for by in (scores.total, scores.mean)]
        for task, scores in zip(tasks, found, strict=True)
    ]
    by_sum, by_mean = np.mean(right, axis=0).tolist()
    return by_sum, by_mean


def _accuracy(
    model: "LmObjectives", tasks: Sequence[Task], learnt: Sequence[Task], texts: Sequence[str], name: str, gone: int
) -> Score:
    by = model.config.rank_by
    found = {arm: accuracy(held.model, tasks)[by == "mean"] for arm, held in model.arms.items()}
    mine = model.config.answer_by or next(iter(model.arms))
    other = "mean" if by == "sum" else "sum"
    counts = Counter(task.answer for task in learnt)
    words = Counter(word for text in (texts or [task.prompt for task in learnt]) for word in text.split())
    total = sum(words.values()) + len(words) + 1
    frequency = [[sum(np.log((words[w] + 1) / total) for w in o.split()) for o in task.options] for task in tasks]
    trivial = {
        "majority option": _share(tasks, [[counts[option] for option in task.options] for task in tasks]),
        "unigram": _share(tasks, frequency),
        "chance": float(np.mean([1 / len(task.options) for task in tasks])),
    }
    rest = {arm: value for arm, value in found.items() if arm != mine}
    rest[f"ranked by {other}"] = accuracy(model.answering.model, tasks)[by == "sum"]
    about = f"Of {len(tasks)} prompts, whose likeliest option by the {by} of log p is right."
    if gone:
        about += f" The tokenizer cannot tell the options of {gone} others apart."
    return Score(found[mine], "higher", about, {**trivial, **rest}, tuple(trivial))


def _share(tasks: Sequence[Task], scores: Sequence[Sequence[float]]) -> float:
    return float(np.mean([t.options[int(np.argmax(s))] == t.answer for t, s in zip(tasks, scores, strict=True)]))


def _perplexity(arm: Arm, fresh: Sequence[tuple[int, str]], seen: Sequence[tuple[int, str]], length: int) -> Score:
    vocabulary = arm.model.vocabulary
    shown, held = (
        [p for p in pieces_of(rows, vocabulary, length, (_LENIENT,))[0] if len(p) >= arm.stage.shortest]
        for rows in (seen, fresh)
    )
    if not held or not shown:
        return Score(float("nan"), "lower", "No text is long enough.")
    said = _targets(_examples(arm, held))
    counts = np.bincount(_targets(_examples(arm, shown)), minlength=len(vocabulary)) + 1.0
    unigram = float(np.exp(-np.log(counts[said] / counts.sum()).mean()))
    return Score(
        float(np.exp(surprise(arm, held))), "lower",
        f"Of {len(said)} tokens that carry loss in {arm.stage}, in texts that were not trained on.",
        {"unigram": unigram}, ("unigram",),
    )  # fmt: skip


_LENIENT = Stage("cd", "flm")


@torch.no_grad()
def surprise(arm: Arm, pieces: Sequence[Ids]) -> float:
    """Mean -log p of the tokens that carry loss, in nats, each piece corrupted once by a fixed seed."""
    total, count = 0.0, 0
    examples = _examples(arm, pieces)
    one, device = torch.ones((), device=arm.model.device), arm.model.device
    for start in range(0, len(examples), AT_ONCE):
        part = examples[start : start + AT_ONCE]
        batch = collate(part, arm.model.vocabulary.pad, arm.model.longest)
        moved = SequenceBatch(*(tensor.to(device) for tensor in batch.tensors()))
        total += float(arm.model.loss(moved, over=one))
        count += sum(example.carrying for example in part)
    return total / count


def _examples(arm: Arm, pieces: Sequence[Ids]) -> list[Example]:
    drawn = drawn_documents(arm.model, arm.stage, pieces, 1, 0)
    return [drawn.make(row, np.random.default_rng([0, row])) for row in range(len(pieces))]


def _targets(examples: Sequence[Example]) -> NDArray[np.int64]:
    return np.concatenate([example.targets[example.weights > 0] for example in examples])
