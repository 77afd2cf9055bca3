"""How columns are brought to one scale: the same in training and in use, from the training rows alone.

z-scores from the rows that have a value; beyond 4 standard deviations they grow as a logarithm only; a missing value is
the mean, 0; a constant column is 0. Columns are padded with 0 up to those of the network and scaled by columns of the
network / columns of the table, so that a narrow table is as loud as a wide one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["ColumnScale"]

FAR = 4.0
"""Standard deviations beyond which values are squashed."""


@dataclass(frozen=True)
class ColumnScale:
    """Mean and standard deviation of columns.

    Args:
        mean: (tables, 1, features).
        spread: (tables, 1, features), 0 for a constant column.
        used: Columns of each table, (tables,).
    """

    mean: Tensor
    spread: Tensor
    used: Tensor

    @classmethod
    def of(cls, rows: Tensor, used: Tensor) -> "ColumnScale":
        """From training rows (tables, rows, features), NaN where a value is missing."""
        there = ~torch.isnan(rows)
        count = there.sum(1, keepdim=True).clamp(min=1)
        mean = torch.where(there, rows, 0.0).sum(1, keepdim=True) / count
        squares = torch.where(there, rows - mean, 0.0).square().sum(1, keepdim=True) / count
        spread = squares.sqrt()
        return cls(mean, torch.where(spread > 1e-6 * (1e-6 + mean.abs()), spread, 0.0), used)

    def apply(self, rows: Tensor, features: int) -> Tensor:
        """Rows as the network sees them, (tables, rows, features)."""
        safe = torch.where(self.spread > 0, self.spread, 1.0)
        z = torch.where(torch.isnan(rows) | (self.spread == 0), 0.0, (rows - self.mean) / safe)
        z = torch.where(z.abs() > FAR, z.sign() * (FAR + torch.log1p((z.abs() - FAR).clamp(min=0))), z)
        z = torch.nn.functional.pad(z, (0, features - z.shape[-1]))
        return z * (features / self.used.to(z.dtype))[:, None, None]
