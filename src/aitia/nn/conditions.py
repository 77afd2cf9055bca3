"""What a denoiser is told beside picture and time, and operations on the half of a guided batch that is told it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from aitia.nn.sites.operations import Operation, as_operation
from aitia.nn.sites.site import Site

__all__ = ["Condition", "Conditional"]


@dataclass(frozen=True, eq=False)
class Condition:
    """What the denoiser is told beside picture and time, rows first.

    Args:
        tensors: By the name of the denoiser's argument.
        rows: How many.
    """

    tensors: Mapping[str, Tensor]
    rows: int

    def __len__(self) -> int:
        return self.rows

    def take(self, rows: Sequence[int] | Tensor) -> "Condition":
        """These rows, which may come several times."""
        index = torch.as_tensor(rows, dtype=torch.long)
        return Condition({name: value[index.to(value.device)] for name, value in self.tensors.items()}, len(index))

    def with_(self, **tensors: Tensor) -> "Condition":
        """With tensors of the same rows in place of its own."""
        return Condition({**self.tensors, **tensors}, self.rows)

    def over(self, other: "Condition") -> "Condition":
        """The rows of this one, then those of the other."""
        both = {name: torch.cat([value, other.tensors[name]]) for name, value in self.tensors.items()}
        return Condition(both, self.rows + other.rows)


@dataclass(frozen=True, eq=False)
class Conditional(Operation):
    """An operation on the conditional half of a guided batch, which stands second; the empty half stays as it is.

    Args:
        of: The operation, a number or a tensor.
    """

    of: Any

    def change(self, now: Tensor, units: int) -> Tensor:
        """The second half changed."""
        half = len(now) // 2
        changed = as_operation(self.of, Site(".")).change(now[half:], units)
        return torch.cat([now[:half], changed.expand_as(now[half:])])

    def __str__(self) -> str:
        return f"Conditional({self.of})"
