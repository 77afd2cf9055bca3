"""The baseline of path interventions: as many units of each layer by the size of activation times gradient.

Where path interventions set the weights from a unit and run the network again, this asks what the unit is given times
the gradient of the class's logit there: a first-order guess of the same effect, at the cost of one backward pass.
"""

from dataclasses import replace

import numpy as np
from torch import Tensor, nn

from aitia.systems.path_interventions.attribution import activation_x_gradient
from aitia.systems.path_interventions.explanation import CausalExplanation, LayerEffects

__all__ = ["by_gradient"]


def by_gradient(
    graph: CausalExplanation, model: nn.Module, images: Tensor, references: Tensor | None = None
) -> CausalExplanation:
    """An explanation with as many causes in each layer as the given one, those of largest |activation x gradient|.

    The effects of a layer are the units that were chosen above it, as in path interventions.

    Args:
        graph: Which candidates there are, and how many of them are taken.
        model: That was explained.
        images: (n, ...), over which the mean is taken.
        references: The same images without a cue: then the size of the difference between the two counts.
    """
    layers: list[LayerEffects] = []
    effects = dict(graph.effects)
    for layer in graph.layers:
        product = activation_x_gradient(model, images, graph.target, layer.layer)
        if references is not None:
            product = product - activation_x_gradient(model, references, graph.target, layer.layer)
        size = product.abs().mean(dim=0)
        units = size.flatten(1).sum(dim=1) if size.ndim == 3 else size
        sizes = np.array([float(units[list(block)].sum()) for block in layer.blocks])
        causes = np.zeros(len(sizes), dtype=bool)
        causes[np.argsort(-sizes, kind="stable")[: int(layer.causes.sum())]] = True
        if layers:
            effects[layer.layer] = _chosen(layers[-1], layer.layer)
        # A repair cuts causes in the order of `changes`, the most negative first.
        layers.append(replace(layer, effects=effects[layer.layer], causes=causes, changes=-sizes[:, None]))
    return CausalExplanation(
        graph.target, layers, effects, graph.observed, graph.model, graph.config, graph.shape, graph.sizes, graph.notes
    )  # fmt: skip


def _chosen(above: LayerEffects, layer: str) -> tuple[int, ...]:
    """The units of a layer that the causes above are."""
    units = {unit for k in np.flatnonzero(above.causes) for name, unit in above.parents[k] if name == layer}
    return tuple(sorted(units))
