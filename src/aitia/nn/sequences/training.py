"""Examples drawn anew at every step, and the loss over them: what `aitia.train.train` is given."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.errors import DataError, OptionError
from aitia.nn.sequences.batch import SequenceBatch, collate
from aitia.nn.sequences.model import SequenceModel, Visibility
from aitia.nn.sequences.objectives import Example

__all__ = ["DrawnExamples", "Planned", "SequenceLoss"]


@dataclass(frozen=True)
class Planned:
    """What a number of steps takes.

    Args:
        steps: How many.
        processed: Tokens that are read.
        carrying: Positions that carry loss.
    """

    steps: int
    processed: int
    carrying: int


@dataclass
class DrawnExamples:
    """Batches of examples: rows in another order each epoch, each corrupted anew by random numbers of its step.

    Args:
        make: From the number of a row and random numbers to its example.
        rows: How many there are.
        size: Rows a step, over all processes.
        pad: Id of padding.
        longest: Tokens that the model takes.
        seed: Of order and corruption.

    Attributes:
        processed: Tokens that were read so far, by this process.
        carrying: Positions that carried loss so far, by this process.
    """

    make: Callable[[int, np.random.Generator], Example]
    rows: int
    size: int
    pad: int
    longest: int | None = None
    seed: int = 0
    processed: int = field(default=0, init=False)
    carrying: int = field(default=0, init=False)
    _orders: dict[int, NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.size < 1 or self.rows < 1:
            raise OptionError(f"a batch and a corpus have at least 1 row, got {self.size} and {self.rows}")

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[Tensor, ...]:
        """The examples of this step."""
        examples = self._examples(step, rank, ranks)
        self.processed += sum(map(_read, examples))
        self.carrying += sum(example.carrying for example in examples)
        return collate(examples, self.pad, self.longest).tensors()

    def planned(self, tokens: int, *, carrying: bool = False) -> Planned:
        """The fewest steps, over all processes, that reach a budget of tokens, and what they take.

        Every example is made once, as it will be in training, so that the count is exact for any objective.

        Args:
            tokens: The budget.
            carrying: Whether it counts positions that carry loss; else all tokens that are read.

        Raises:
            DataError: If a step carries no loss and the budget counts that.
        """
        steps = processed = carried = 0
        while (carried if carrying else processed) < tokens:
            examples = self._examples(steps, 0, 1)
            found = sum(example.carrying for example in examples)
            if carrying and not found:
                raise DataError("no position of a step carries loss, so no number of steps reaches the budget")
            processed, carried, steps = processed + sum(map(_read, examples)), carried + found, steps + 1
        return Planned(steps, processed, carried)

    def _examples(self, step: int, rank: int, ranks: int) -> list[Example]:
        examples = []
        for place in np.arange(step * self.size, (step + 1) * self.size)[rank::ranks]:
            epoch, within = divmod(int(place), self.rows)
            row = int(self._order(epoch)[within])
            example = self.make(row, np.random.default_rng([self.seed, int(place), row]))
            if self.longest is not None and (length := _longest(example)) > self.longest:
                raise DataError(
                    f"document {row} of {self.rows} has {length} tokens, the model takes {self.longest}: cut it or "
                    "leave it out"
                )
            examples.append(example)
        return examples

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if epoch not in self._orders:
            if len(self._orders) > 8:
                self._orders.clear()
            self._orders[epoch] = np.random.default_rng([self.seed, epoch]).permutation(self.rows)
        return self._orders[epoch]


def _read(example: Example) -> int:
    """Tokens of an example, its encoder's among them."""
    return len(example.tokens) + (0 if example.encoder is None else len(example.encoder))


def _longest(example: Example) -> int:
    """Tokens that the model, or its encoder, reads at once."""
    return max(len(example.tokens), 0 if example.encoder is None else len(example.encoder))


class SequenceLoss(nn.Module):
    """The weighted mean of -log p over the examples of a step.

    Args:
        model: That is trained.
        visibility: Other than the model's own.
    """

    def __init__(self, model: SequenceModel, visibility: Visibility | None = None) -> None:
        super().__init__()
        self.network, self._model, self._visibility = model.model, model, visibility

    def forward(self, *tensors: Tensor) -> Tensor:
        """Of what `SequenceBatch.tensors` gives."""
        return self._model.loss(SequenceBatch(*tensors), visibility=self._visibility)
