"""What a language model answers to questions, kept as it came."""

from collections.abc import Sequence
from dataclasses import dataclass

from aitia.data.subjects import Subject
from aitia.systems.corr2cause.config import Corr2CauseConfig
from aitia.text import Answers, Question, answer_questions, open_client
from aitia.worlds.corr2cause import ANSWERS, ASKED

__all__ = ["Said", "questions_of", "said_by"]


@dataclass(frozen=True)
class Said:
    """The answers to questions.

    Args:
        answers: Whether each is said to follow; None where nothing of use was said, or one thing in one order of the
            options and another in the other.
        probabilities: Of yes, where the answers come with them.
        words: Of a model, as they came; those of both orders apart by a line.
        asked: All that a model was asked and said.
    """

    answers: Sequence[bool | None]
    probabilities: list[float] | None = None
    words: list[str] | None = None
    asked: Answers | None = None


def questions_of(
    texts: Sequence[tuple[str, str]], labels: Sequence[bool | None] | None = None, groups: Sequence[str] = ()
) -> list[Question]:
    """Premises and hypotheses as questions with the options Yes and No."""
    found = []
    for row, (premise, question) in enumerate(texts):
        asked = question if question.rstrip().endswith("?") else ASKED.format(question.strip().rstrip("."))
        label = None if labels is None else labels[row]
        found.append(
            Question(
                premise.removeprefix("Premise:").strip(),
                asked,
                ANSWERS[::-1],
                label=None if label is None else ANSWERS[int(label)],
                id=str(row),
                group=groups[row] if len(groups) else "",
                derived="" if label is None else "whether it holds in every graph of the equivalence class",
                world="corr2cause",
            )
        )
    return found


def said_by(
    model: Subject, texts: Sequence[tuple[str, str]], config: Corr2CauseConfig,
    labels: Sequence[bool | None] | None = None, groups: Sequence[str] = (),
) -> Said:  # fmt: skip
    """What a model says to each question.

    Args:
        model: That is asked.
        texts: Premise and hypothesis of each.
        config: Orders, cache, seed.
        labels: Whether each is entailed.
        groups: Classes.
    """
    client = open_client(model, cache=config.cache) if config.cache else open_client(model)
    asked = answer_questions(
        client, questions_of(texts, labels, groups), both_orders=config.both_orders, seed=config.seed
    )
    answers: list[bool | None] = []
    words = []
    for question, several in zip(asked.questions, asked.asked, strict=True):
        number = several[0].choice if several else None
        if number is None or any(one.choice != number for one in several):
            answers.append(None)
        else:
            answers.append(question.options[number] == ANSWERS[1])
        words.append("\n".join(one.answer.text or one.answer.fault for one in several))
    return Said(answers, words=words, asked=asked)
