"""Examples drawn anew at every step, and the loss over them: what `aitia.train.train` is given."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.errors import OptionError
from aitia.nn.sequences.batch import SequenceBatch, collate
from aitia.nn.sequences.model import SequenceModel, Visibility
from aitia.nn.sequences.objectives import Example

__all__ = ["DrawnExamples", "SequenceLoss"]


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
        places = np.arange(step * self.size, (step + 1) * self.size)[rank::ranks]
        examples = []
        for place in places:
            epoch, within = divmod(int(place), self.rows)
            row = int(self._order(epoch)[within])
            examples.append(self.make(row, np.random.default_rng([self.seed, int(place), row])))
        self.processed += sum(len(e.tokens) + (0 if e.encoder is None else len(e.encoder)) for e in examples)
        self.carrying += sum(example.carrying for example in examples)
        return collate(examples, self.pad, self.longest).tensors()

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if epoch not in self._orders:
            if len(self._orders) > 8:
                self._orders.clear()
            self._orders[epoch] = np.random.default_rng([self.seed, epoch]).permutation(self.rows)
        return self._orders[epoch]


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
