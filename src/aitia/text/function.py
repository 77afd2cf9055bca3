"""A function or object of Python that answers: a text for each prompt."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aitia.errors import OptionError, RunError
from aitia.text.answer import Answer
from aitia.text.prompts import Prompt

__all__ = ["FunctionModel"]


class FunctionModel:
    """Asks a function in batches.

    Args:
        function: Called with texts and, where it takes one, a seed; gives a text for each.
        name: What its answers are kept under.
        batch_size: Prompts at once.

    Raises:
        OptionError: If it cannot be called, or a number is out of range.
    """

    def __init__(self, function: Any, name: str, *, batch_size: int = 8) -> None:
        if not callable(function):
            raise OptionError(f"{name} cannot be called with prompts")
        if batch_size < 1:
            raise OptionError(f"at least 1 prompt is asked at once, got {batch_size}")
        self.function, self.batch_size = function, batch_size
        self.name = str(getattr(function, "name", name))
        self.notes: dict[str, None] = {}

    def parameters(self) -> dict[str, Any]:
        """None that we know."""
        return {}

    def each(
        self, prompts: Sequence[Prompt], seed: int, schema: Mapping[str, Any] | None
    ) -> Iterator[tuple[int, Answer]]:
        """The number of a prompt and its answer.

        Raises:
            RunError: If the function fails, or gives another number of answers.
            OptionError: If a prompt has pictures.
        """
        if any(prompt.pictures for prompt in prompts):
            raise OptionError(f"a prompt has pictures, and {self.name} is given texts alone")
        for start in range(0, len(prompts), self.batch_size):
            asked = [_told(prompt) for prompt in prompts[start : start + self.batch_size]]
            try:
                answers = list(self.function(asked, seed))
            except Exception as error:  # whatever a user's own function raises
                raise RunError(f"{self.name} failed: {error}") from error
            if len(answers) != len(asked):
                raise RunError(f"{self.name} gave {len(answers)} answers to {len(asked)} prompts")
            for number, text in enumerate(answers, start):
                yield number, Answer(str(text).strip())

    def close(self) -> None:
        """Nothing is open."""


def _told(prompt: Prompt) -> str:
    return f"{prompt.system}\n\n{prompt.text}" if prompt.system else prompt.text
