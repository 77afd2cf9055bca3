"""Where in an image a class's logit comes from, by gradients: the baselines of every other explanation.

    saliency             g = dy_c / dx
    input x gradient     x g
    integrated gradients (x - x_0) mean_t g(x_0 + t (x - x_0)),   t in (0, 1); the sum over cells is y_c(x) - y_c(x_0)
    Grad-CAM             relu( sum_k mean_cells(dy_c / dA_k) A_k ),   A_k maps of a convolution, made as large

`as_map` brings any of them into one form, (n, height, width) from 0 to 1. Parameters are left without gradients.

Source:
    Simonyan, Vedaldi and Zisserman, Deep inside convolutional networks, 2013; Sundararajan, Taly and Yan, Axiomatic
    attribution for deep networks, ICML 2017; Selvaraju et al., Grad-CAM, ICCV 2017.
"""

from typing import Any

import torch
from torch import Tensor, nn

from aitia.errors import OptionError
from aitia.nn.sites.intervene import check_ready
from aitia.nn.sites.places import find_places
from aitia.systems.path_interventions.units.following import logits_of

__all__ = ["activation_x_gradient", "as_map", "grad_cam", "input_x_gradient", "integrated_gradients", "saliency"]


def saliency(model: nn.Module, images: Tensor, target: int) -> Tensor:
    """Gradients of a class's logit, of the shape of the images.

    Args:
        model: In evaluation mode; images (n, ...) to logits, alone or as `logits`.
        images: (n, ...).
        target: The class.

    Raises:
        InterventionError: If the model is in training mode or compiled.
        OptionError: If there is no such class.
    """
    check_ready(model)
    with torch.enable_grad():
        leaf = images.detach().clone().requires_grad_()
        gradient: Tensor = torch.autograd.grad(_score(model, leaf, target), leaf)[0]
    return gradient


def input_x_gradient(model: nn.Module, images: Tensor, target: int) -> Tensor:
    """Images times gradients; arguments and errors as for `saliency`."""
    return images * saliency(model, images, target)


def integrated_gradients(
    model: nn.Module, images: Tensor, target: int, *, baseline: float | Tensor = 0.0, steps: int = 32
) -> Tensor:
    """Gradients averaged over the way from a baseline, times the way.

    Args:
        model: As for `saliency`.
        images: (n, ...).
        target: The class.
        baseline: x_0, a number or a tensor that fits the images.
        steps: Nodes of the Gauss-Legendre rule.

    Raises:
        InterventionError: If the model is in training mode or compiled.
        OptionError: If there is no such class, or fewer than one step.
    """
    if steps < 1:
        raise OptionError(f"steps is at least 1, got {steps}")
    from numpy.polynomial.legendre import leggauss

    nodes, weights = leggauss(steps)
    way = images - torch.as_tensor(baseline, dtype=images.dtype, device=images.device)
    total = torch.zeros_like(images)
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        total += 0.5 * weight * saliency(model, images - way * (0.5 - 0.5 * node), target)
    return way * total


def grad_cam(model: nn.Module, images: Tensor, target: int, layer: str) -> Tensor:
    """Grad-CAM of one layer, (n, height, width).

    Args:
        model: As for `saliency`.
        images: (n, channels, height, width).
        target: The class.
        layer: Name of the module whose maps are weighed, usually the last convolution.

    Raises:
        UnknownVariableError: If there is no such module.
        InterventionError: If the model is in training mode or compiled.
        OptionError: If there is no such class, or the module gives no maps.
    """
    check_ready(model)
    (place,) = find_places(model, [layer])
    kept: list[Tensor] = []

    def keep(module: nn.Module, given: Any, output: Tensor) -> Tensor:
        maps = output.detach().requires_grad_() if not output.requires_grad else output
        kept.append(maps)
        return maps.clone()

    handle = place.module.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            score = _score(model, images.detach(), target)
            maps = kept[0]
            if maps.ndim != 4:
                raise OptionError(f"{layer} gives {tuple(maps.shape)}, no maps (n, channels, height, width)")
            gradient = torch.autograd.grad(score, maps)[0]
    finally:
        handle.remove()
    cam = torch.relu((gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True))
    wide = nn.functional.interpolate(cam, images.shape[2:], mode="bilinear", align_corners=False)
    return wide[:, 0].detach()


def activation_x_gradient(model: nn.Module, images: Tensor, target: int, layer: str) -> Tensor:
    """What a layer is given times the gradient of the class's logit there, of the shape of what it is given.

    Args:
        model: As for `saliency`.
        images: (n, ...).
        target: The class.
        layer: Name of a module that is given one tensor.

    Raises:
        UnknownVariableError: If there is no such module.
        InterventionError: If the model is in training mode or compiled.
        OptionError: If there is no such class.
    """
    check_ready(model)
    (place,) = find_places(model, [layer])
    kept: list[Tensor] = []

    def keep(module: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        kept.append(args[0] if args[0].requires_grad else args[0].detach().requires_grad_())
        return (kept[0].clone(), *args[1:])

    handle = place.module.register_forward_pre_hook(keep)
    try:
        with torch.enable_grad():
            score = _score(model, images.detach(), target)
            gradient = torch.autograd.grad(score, kept[0])[0]
    finally:
        handle.remove()
    return (kept[0] * gradient).detach()


def as_map(attribution: Tensor) -> Tensor:
    """(n, height, width) from 0 to 1: sizes summed over channels, largest value 1; all 0 stays so.

    Example:
        >>> as_map(torch.tensor([[[[1.0, -2.0]], [[1.0, 2.0]]]])).tolist()
        [[[0.5, 1.0]]]
    """
    sizes = attribution.abs()
    sizes = sizes.sum(dim=1) if sizes.ndim == 4 else sizes
    return sizes / sizes.flatten(1).amax(dim=1)[:, None, None].clamp_min(1e-30)


def _score(model: nn.Module, images: Tensor, target: int) -> Tensor:
    """The sum of the class's logits over images, whose gradients are then each image's own."""
    logits = logits_of(model(images))
    if not 0 <= target < logits.shape[1]:
        raise OptionError(f"the model has classes 0 to {logits.shape[1] - 1}, got {target}")
    return logits[:, target].sum()
