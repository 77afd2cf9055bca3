"""Rows of latents, and the pictures that may stand beside them."""

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError, UnknownVariableError, join_names
from aitia.system import Given
from aitia.systems.gan_dissection.generators import ImageGenerator

__all__ = ["check_outcome", "check_pictures", "latents_of"]

_FAR = 4 / 255
"""Mean difference from which on a picture is not the one that the generator draws of a latent."""


def latents_of(given: Given, generator: ImageGenerator, names: Sequence[str]) -> Tensor:
    """z of rows, (n, latents); columns that are called as objects are shares, not numbers of z.

    Raises:
        DataError: If there are more or fewer columns than z has numbers.
    """
    columns = tuple(column for column in given.columns("latent") if column not in names)
    if len(columns) != generator.latents:
        raise DataError(
            f"z of this generator is {generator.latents} numbers, and {len(columns)} columns are given: say which they "
            "are (--latent)"
        )
    return torch.from_numpy(np.asarray(given.table.matrix(columns), dtype=np.float32)).to(generator.noise(1, 0))


def check_pictures(given: Given, drawn: NDArray[np.uint8]) -> None:
    """Refuses rows whose pictures are not those that were drawn of their latents.

    Raises:
        DataError: Naming the row.
    """
    seen = given.pictures("image")
    if drawn.shape != seen.shape:
        raise DataError(f"pictures are {seen.shape[1:3]}, and the generator draws {drawn.shape[1:3]}")
    far = np.abs(drawn.astype(float) - seen).mean(axis=(1, 2, 3)) / 255
    if (odd := np.flatnonzero(far > _FAR)).size:
        raise DataError(
            f"the picture of row {given.row_number(int(odd[0]))} is not what the generator draws of its latent (mean "
            f"difference {far[odd[0]]:.2f}): give the latent that it was drawn from"
        )


def check_outcome(outcome: str | None, names: Sequence[str], who: str = "segmenter") -> None:
    """Refuses an object that the segmenter does not know; says the nearest.

    Raises:
        UnknownVariableError: If it is none of the names.
    """
    if outcome is not None and outcome not in names:
        close = get_close_matches(outcome, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise UnknownVariableError(f"the {who} knows no {outcome!r}.{hint} It has: {join_names(names, 20)}")
