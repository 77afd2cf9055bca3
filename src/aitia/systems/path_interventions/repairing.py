"""Cutting a cue out of a network: the units that carry it to a class, as many as close the gap that it opens.

    gap = accuracy without the cue - accuracy with it,    over images of other classes                             (1)

The same images with and without the cue, from a world (`do(patch=absent)`) or an editor, tell which units carry it:
`PathInterventions.explain(..., rows="all", references=...)`. A unit that carries a cue may do other things as well, so
they are cut in the order of their effects until the gap is smallest among what costs at most `tolerance` accuracy
without the cue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from aitia.data.table import Kind, Table
from aitia.errors import DataError, OptionError
from aitia.nn.sites import Network
from aitia.systems.path_interventions.explained import Explained
from aitia.systems.path_interventions.units import logits_of

__all__ = ["Repair", "repair"]


@dataclass(frozen=True, eq=False)
class Repair:
    """A network without some units of a layer.

    Args:
        system: The network with them cut off; call it as the model.
        layer: From which.
        units: Its input units that were cut.
        tried: Columns units, with_cue, without_cue, gap, one row for each number of units that was tried, 0 first.
    """

    system: Network
    layer: str
    units: tuple[int, ...]
    tried: Table


def repair(
    explained: Explained,
    with_cue: Tensor,
    without_cue: Tensor,
    labels: ArrayLike,
    layer: str,
    *,
    counts: Sequence[int] = (1, 2, 4, 8, 12, 16, 24, 32),
    tolerance: float = 0.02,
) -> Repair:
    """Cuts off the strongest carriers of a cue in one layer; how many is chosen on these images, so judge it on others.

    Args:
        explained: What carries the cue to a class, on its network.
        with_cue: Images (n, ...).
        without_cue: The same without the cue.
        labels: (n,) true classes; images of the class itself do not count in (1).
        layer: Whose input units are cut off, from everything.
        counts: Numbers of causes to try.
        tolerance: Most accuracy without the cue that may be lost.

    Raises:
        DataError: If images and labels do not match, or there is no image of another class.
        OptionError: If the layer has no cause, or the tolerance is negative.
        UnknownVariableError: If the layer is not in the explanation.
    """
    found, true = explained.explanation.layer(layer), np.asarray(labels)
    if with_cue.shape != without_cue.shape or true.shape != (len(with_cue),):
        raise DataError(
            f"images with and without the cue are the same ones with a label each, got {tuple(with_cue.shape)}, "
            f"{tuple(without_cue.shape)} and labels {true.shape}"
        )
    other = true != explained.explanation.target
    if not other.any():
        raise DataError(f"all images are of class {explained.explanation.target}: the gap is that of other classes")
    if tolerance < 0 or not found.causes.any():
        raise OptionError(f"a repair needs causes in {layer} and a tolerance of at least 0, got {tolerance}")
    causes = np.flatnonzero(found.causes)
    order = causes[np.argsort(found.changes[causes].mean(axis=1), kind="stable")]

    def measured(system: Network) -> tuple[float, float]:
        rates = []
        with torch.no_grad():
            for images in (with_cue, without_cue):
                said = logits_of(system(images)).argmax(dim=1).cpu().numpy()
                rates.append(float((said == true)[other].mean()))
        return rates[0], rates[1]

    sizes = sorted({0, *(min(count, len(order)) for count in counts)})
    units = [tuple(unit for k in order[:count] for unit in found.blocks[k]) for count in sizes]
    systems = [explained.cut({layer: chosen}, whole=True) for chosen in units]
    rates = np.array([measured(system) for system in systems])
    gap, loss = np.abs(rates[:, 1] - rates[:, 0]), rates[0, 1] - rates[:, 1]
    best = int(np.argmin(np.where(loss <= tolerance, gap, np.inf)))
    columns = {"units": [float(k) for k in sizes], "with_cue": rates[:, 0], "without_cue": rates[:, 1], "gap": gap}
    tried = Table.of(columns, kinds=dict.fromkeys(columns, Kind.NUMBER))
    return Repair(systems[best], layer, units[best], tried)
