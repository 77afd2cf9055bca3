"""Pictures of bytes as tensors of -1 to 1, and back."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError

__all__ = ["from_bytes", "to_bytes"]


def to_bytes(x: Tensor) -> NDArray[np.uint8]:
    """Pictures of bytes (n, height, width, 3) of a tensor (n, 3, height, width) of -1 to 1, cut there."""
    whole = ((x.detach().float() + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1)
    return whole.to(torch.uint8).cpu().numpy()


def from_bytes(images: NDArray[np.uint8]) -> Tensor:
    """The tensor (n, 3, height, width) of -1 to 1 of pictures of bytes.

    Raises:
        DataError: If they are no pictures of bytes.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise DataError(f"pictures are bytes (n, height, width, 3), got {images.dtype} of {images.shape}")
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 127.5 - 1
