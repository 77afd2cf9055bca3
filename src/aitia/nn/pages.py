"""Memory of large tensors on a processor: kept between steps, where the C library would hand it back after each."""

from functools import cache

import torch

__all__ = ["keep_pages"]

_BLOCK = 31 << 20
"""Bytes; glibc learns from blocks of up to 32 MB."""


@cache
def keep_pages() -> None:
    """Lets the process keep what large tensors leave free, up to 62 MB; does nothing the second time.

    A step of a network frees its tensors and the next one makes the same again. Of glibc, a block that is freed raises
    the size from which blocks are returned to the system at once, and twice that is what may lie idle; before it,
    every step pays for its pages anew, a fifth of the time of a batch of 32 pictures. Numbers are the same either way,
    and other C libraries take no notice.

    Source:
        mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD: their dynamic adjustment.
    """
    torch.empty(_BLOCK, dtype=torch.uint8)
