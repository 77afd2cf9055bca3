"""A generator without some of its units, as weights: what it draws is what it drew with them held at 0."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aitia.do import Intervention, Value
from aitia.errors import InterventionError, OptionError
from aitia.nn.sites import Site, intervene
from aitia.nn.weights import write_weights
from aitia.saving import made
from aitia.systems.gan_dissection.found import Found
from aitia.systems.gan_dissection.generators import ImageGenerator
from aitia.systems.gan_dissection.held import sites_of, units_of

__all__ = ["Exported", "without_units"]

_NEAR = 1e-4
"""Largest difference of a pixel from the pictures of the intervention."""


@dataclass(frozen=True)
class Exported:
    """The weights of a generator."""

    model: nn.Module

    def save(self, folder: Path) -> None:
        """Writes `model.safetensors`."""
        write_weights(made(folder) / "model.safetensors", self.model.state_dict(), {})


def without_units(generator: ImageGenerator, found: Found, held: Intervention, ablation: str) -> Exported:
    """A copy whose last weights that make the units are 0.

    Raises:
        OptionError: If units are held at something else than 0 everywhere, or no weights of the layer can be set so
            that the pictures are those of the intervention.
    """
    sites = sites_of(found, held, ablation)
    model = copy.deepcopy(generator.model)
    for site, action in sites.items():
        value: Any = action.value if isinstance(action, Value) else action
        if site.cells is not None or value not in (0, 0.0):
            raise OptionError(f"weights can leave units out everywhere, and {site} is held at {action}: hold it at 0")
        makers = [
            part
            for part in model.get_submodule(site.module).modules()
            if isinstance(getattr(part, "weight", None), Tensor) and _out(part) == found.layers[site.module][0]
        ]
        if not makers:
            raise OptionError(f"{site.module} has no weights that make its units: take the layer before it")
        with torch.no_grad():
            for name in ("weight", "bias"):
                tensor = getattr(makers[-1], name, None)
                if isinstance(tensor, Tensor):
                    index: Any = list(units_of(site, found.layers[site.module][0]))
                    tensor[(slice(None), index) if _turned(makers[-1]) and name == "weight" else index] = 0.0
    if sites:
        _check(generator, model, sites)
    return Exported(model)


def _turned(part: nn.Module) -> bool:
    return isinstance(part, (nn.ConvTranspose2d, nn.ConvTranspose1d))


def _out(part: Any) -> int:
    weight: Tensor = part.weight
    return int(weight.shape[1] if _turned(part) and weight.ndim > 1 else weight.shape[0])


def _check(generator: ImageGenerator, model: nn.Module, sites: dict[Site, Any]) -> None:
    z = generator.noise(4, 0)
    with intervene(generator.model, sites):
        wanted = generator.draw(z)
    other = copy.copy(generator)
    other.model = model
    if not torch.allclose(other.draw(z), wanted, atol=_NEAR):
        raise InterventionError(
            f"what draws after the weights of {', '.join(sites)} gives other pictures than the intervention: units of "
            "this layer cannot be taken out of its weights"
        )
