"""A language model that is given: it reads the words as they are, one question at a time, and only its answer counts.

Source:
    The instruction is that of the published files of the paper, in which a fine-tuned model is asked.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError
from aitia.nn.sequences import Example, SequenceModel, collate, objectives, option_log_probabilities
from aitia.systems.axiomatic_training.config import AxiomaticTrainingConfig
from aitia.systems.axiomatic_training.corpus import Question
from aitia.worlds.axiom_items import ANSWERS, Item

__all__ = ["Asked", "QuestionBatches", "said_as"]

INSTRUCTION = "Answer the following question with ONLY 'Yes' or 'No'.\n\nPremise: "


def said_as(item: Item) -> str:
    """A question in words, up to where its answer stands."""
    return f"{INSTRUCTION}{item.premise} {item.question}\nAnswer:"


class Asked:
    """Questions as ids of a language model.

    Args:
        model: Whose ids.

    Raises:
        DataError: If its tokenizer cannot tell the answers apart.
    """

    def __init__(self, model: SequenceModel) -> None:
        self.model = model
        self.answers = [model.vocabulary.encode(f" {answer}").tolist() for answer in ANSWERS]
        unknown = model.vocabulary.tokenizer.unk_token_id
        if self.answers[0] == self.answers[1] or any(unknown is not None and unknown in ids for ids in self.answers):
            raise DataError(
                "the tokenizer of the model reads 'Yes' and 'No' as no words of their own: take another model"
            )

    def prompt(self, item: Item) -> list[int]:
        """Ids up to the answer."""
        found: list[int] = self.model.vocabulary.encode(said_as(item)).tolist()
        return found

    def check(self, questions: Sequence[Question]) -> None:
        """Refuses what is longer than the model reads.

        Raises:
            DataError: Names the row and its tokens.
        """
        for question in questions:
            length = len(self.prompt(question.item)) + max(map(len, self.answers))
            if length > self.model.longest:
                raise DataError(
                    f"row {question.row} has {length} tokens, the model takes {self.model.longest}: drop the row"
                )

    def log_probabilities(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """(items, 2) of yes and of no."""
        found = option_log_probabilities(self.model, [self.prompt(item) for item in items], [self.answers] * len(items))
        return np.array([scores.total for scores in found]).reshape(len(items), 2)

    def example(self, question: Question) -> Example:
        """A question with its answer, which alone carries loss."""
        return objectives.responses(
            [(self.prompt(question.item), False), (self.answers[0 if question.answer else 1], True)]
        )


class QuestionBatches:
    """Batches of questions with their answers, each step drawn anew.

    Args:
        asked: Makes ids.
        questions: With answers.
        config: Size and seed.
    """

    def __init__(self, asked: Asked, questions: Sequence[Question], config: AxiomaticTrainingConfig) -> None:
        self.asked, self.questions, self.config = asked, questions, config

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """The tensors of a step."""
        random = np.random.default_rng([self.config.seed, step])
        rows = random.integers(len(self.questions), size=self.config.batch)[rank::ranks]
        examples = [self.asked.example(self.questions[int(row)]) for row in rows]
        return collate(examples, self.asked.model.vocabulary.pad, self.asked.model.longest).tensors()
