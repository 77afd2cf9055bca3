"""Interventions on the paths from a unit to a set of units, without touching a weight: do(w[e, j] = u for e in E).

A layer is linear in its weights, so what it gives under the intervention is, with its batch norm folded in,

    z'_e = z_e + (u - w[e, j]) * x_j    for e in E,      z'_e = z_e    for all others                            (1)

with * a convolution or a product, and x_j what the unit hands on. All units of a layer share x and z, so many run side
by side. Other contributions than u * x_j are as easy: x_j may be held at its mean over images, or be that of another
image.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from aitia.systems.path_interventions.units.network import Layer
from aitia.systems.path_interventions.units.origins import unit_axis
from aitia.systems.path_interventions.units.upwards import Upwards

__all__ = ["changed_outputs", "chunks", "contributions", "path_weights", "weight_mask"]


def path_weights(layer: Layer, effects: Sequence[int], blocks: Sequence[tuple[int, ...]]) -> tuple[Tensor, Tensor]:
    """The weights from blocks to effects, batch norm folded in, and where there is a path at all.

    Args:
        layer: Convolution, grouped or not, or linear layer.
        effects: Its output units.
        blocks: Of its input units, all of one size.

    Returns:
        (blocks, effects, size, ...kernel) and a mask (blocks, effects, size) of booleans.
    """
    parameter: Any = layer.module.weight
    weight: Tensor = parameter.detach()
    groups = int(getattr(layer.module, "groups", 1))
    device = weight.device
    to, units = torch.tensor(list(effects), device=device), torch.tensor(list(blocks), device=device)
    of_group, outputs = weight.shape[1], len(weight) // groups
    there = (units // of_group)[:, None, :] == (to // outputs)[None, :, None]
    chosen = weight[to[None, :, None].expand(there.shape), (units % of_group)[:, None, :].expand(there.shape)]
    shape = (1, -1, 1, *[1] * (weight.ndim - 2))
    if layer.scale is not None:
        chosen = chosen * layer.scale[to].reshape(shape)
    return chosen * there.reshape(*there.shape, *[1] * (weight.ndim - 2)), there


def contributions(layer: Layer, x: Tensor, weights: Tensor, blocks: Sequence[tuple[int, ...]]) -> Tensor:
    """What flows along paths: (blocks, rows, effects, ...) of a convolution, (blocks, rows, ..., effects) else.

    Args:
        layer: The layer.
        x: What it is given, or another tensor of this shape.
        weights: (blocks, effects, size, ...kernel).
        blocks: Input units.
    """
    units = torch.tensor([unit for block in blocks for unit in block], device=x.device)
    size = len(blocks[0])
    if isinstance(layer.module, nn.Linear):
        chosen = x[..., units].reshape(*x.shape[:-1], len(blocks), size)
        flow: Tensor = torch.einsum("...jk,jek->j...e", chosen, weights)
        return flow
    conv: Any = layer.module
    chosen = x[:, units]
    padding = conv.padding
    if conv.padding_mode != "zeros":
        chosen = nn.functional.pad(chosen, conv._reversed_padding_repeated_twice, mode=conv.padding_mode)
        padding = 0
    kernels = weights.flatten(0, 1)
    flow = nn.functional.conv2d(chosen, kernels, None, conv.stride, padding, conv.dilation, groups=len(blocks))
    return flow.reshape(len(flow), len(blocks), -1, *flow.shape[2:]).movedim(1, 0)


@torch.no_grad()
def changed_outputs(
    layer: Layer,
    upwards: Upwards,
    effects: Sequence[int],
    blocks: Sequence[tuple[int, ...]],
    *,
    weights: Tensor | None = None,
    replacement: Tensor | None = None,
) -> Tensor:
    """(1) for every block: what the layer gives, the blocks' copies of the rows one after another.

    Args:
        layer: The layer.
        upwards: A run up to it.
        effects: E.
        blocks: Candidates j, all of one size.
        weights: u, (blocks, effects, size, ...kernel), in units of the folded weights; None takes zero.
        replacement: In place of u: what the blocks hand on instead, of the shape of what the layer is given or of one
            row of it.
    """
    now, there = path_weights(layer, effects, blocks)
    if replacement is not None:
        flow = contributions(layer, replacement.expand_as(upwards.given) - upwards.given, now, blocks)
    else:
        new = torch.zeros_like(now) if weights is None else weights.to(now)
        mask = there.reshape(*there.shape, *[1] * (now.ndim - 3))
        flow = contributions(layer, upwards.given, (new - now) * mask, blocks)
    gave = upwards.gave
    changed = gave.detach().repeat(len(blocks), *[1] * (gave.ndim - 1))
    axis = unit_axis(layer.module, gave)
    changed.index_add_(axis, torch.tensor(list(effects), device=gave.device), flow.flatten(0, 1))
    return changed


def weight_mask(layer: Layer, edges: Tensor) -> Tensor:
    """A mask (outputs, inputs) of paths, in the layout of the layer's weights."""
    weight: Tensor = layer.module.weight  # type: ignore[assignment]
    groups = int(getattr(layer.module, "groups", 1))
    of_group, outputs = weight.shape[1], len(weight) // groups
    columns = (torch.arange(len(weight)) // outputs)[:, None] * of_group + torch.arange(of_group)
    found = edges.gather(1, columns.to(edges.device))
    return found.reshape(*found.shape, *[1] * (weight.ndim - 2)).to(weight.device)


def chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Consecutive pieces of at most this size."""
    for start in range(0, len(items), max(size, 1)):
        yield items[start : start + max(size, 1)]
