"""What the methods share whose prior depends on a value of each row or frame, such as its domain."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.representations.method import Decoding
from aitia.representations.rows import Rows

__all__ = ["DomainMethod"]


class DomainMethod(Decoding):
    """A method whose prior depends on the domain.

    Attributes:
        values: The values of u, in the order of the prior's parameters.
    """

    values: tuple[str, ...] = ()

    def _auxiliary(self, data: Rows) -> NDArray[Any]:
        """u of each row, as text."""
        assert data.domain is not None
        return data.domain

    def _learn_from(self, data: Rows) -> None:
        self.values = tuple(str(value) for value in np.unique(self._auxiliary(data)))

    def _tensors(self, data: Rows) -> tuple[Tensor, ...]:
        numbers = np.searchsorted(self.values, self._auxiliary(data))
        return (*super()._tensors(data), torch.from_numpy(numbers))

    def _learnt(self) -> dict[str, Any]:
        return {"values": list(self.values)}

    def _restore(self, learnt: Mapping[str, Any]) -> None:
        self.values = tuple(learnt["values"])
