"""Which pixels show what: exact segmentations of painted pictures."""

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.layers import Layers

__all__ = ["segments_of"]


def segments_of(layers: Layers) -> dict[str, NDArray[np.bool_]]:
    """For each part the pixels, (n, size, size), of which at least half shows it; what hides it is not counted."""
    return {part: layers.seen(part).image()[..., 0] >= 128 for part in layers.parts}
