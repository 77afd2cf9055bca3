"""Features of sparse autoencoders as sites: `h.8[sae=DIR, feature=123]`, DIR a folder in the layout of SAELens.

What is read at such a site is the features z = encode(x) of the activations x. What is written is what the change of
the features changes of the activations, which keep what the autoencoder does not explain:

    x' = x + (z' - z) D        over the chosen features, D their rows of the decoder, on the scale of the activations

so a site that is given its own features back changes no bit.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from aitia.errors import InterventionError
from aitia.nn.saelens import CONFIG, WEIGHTS, read_saelens
from aitia.nn.sites.site import Site
from aitia.nn.sparse_autoencoders import SparseAutoencoder

if TYPE_CHECKING:
    from aitia.nn.sites.places import Choice

__all__ = ["FeatureChoice", "autoencoder_of", "check_features"]


def autoencoder_of(site: Site) -> SparseAutoencoder:
    """The autoencoder that a site names; a folder is read once, until its files change.

    Raises:
        FormatError: If the folder or a file of it is missing or damaged.
    """
    folder = Path(str(site.sae)).expanduser()
    stamps = tuple((folder / name).stat().st_mtime_ns if (folder / name).is_file() else 0 for name in (CONFIG, WEIGHTS))
    return _read(folder.absolute(), stamps)


@lru_cache(maxsize=8)
def _read(folder: Path, stamps: tuple[int, ...]) -> SparseAutoencoder:
    return read_saelens(folder)[0].requires_grad_(False)


def check_features(site: Site) -> None:
    """Refuses a feature that the autoencoder has not.

    Raises:
        InterventionError: If there is none such; says how many there are.
    """
    chosen, count = site.feature, autoencoder_of(site).features
    if isinstance(chosen, str) or chosen is None:
        return
    if isinstance(chosen, slice):
        wrong = [] if range(*chosen.indices(count)) else [chosen]
    else:
        several = chosen if isinstance(chosen, tuple) else (chosen,)
        wrong = [place for place in several if not -count <= place < count]
    if wrong:
        named = "are none of those features" if isinstance(chosen, slice) else f"is no feature {wrong[0]}"
        raise InterventionError(f"{site}: there {named}, the autoencoder in {site.sae} has {count}, 0 to {count - 1}")


@dataclass(frozen=True)
class FeatureChoice:
    """Features of chosen places in one tensor, in the place of a `Choice` of activations.

    Args:
        base: The places.
        site: That names the features.
        autoencoder: Where they are from.
    """

    base: "Choice"
    site: Site
    autoencoder: SparseAutoencoder

    @property
    def here(self) -> Tensor | None:
        """(rows, positions) which of the chosen positions are in this run; None means all."""
        return self.base.here

    def read(self, x: Tensor) -> Tensor:
        """The chosen features, on the last axis, in single precision."""
        return self._encoded(self._activations(x))[..., self._chosen()]

    def write_(self, x: Tensor, new: Tensor) -> None:
        """Changes the activations by what changes of the chosen features."""
        activations = self._activations(x)
        chosen = self._chosen()
        change = new - self._encoded(activations)[..., chosen]
        moved = self._here(x).moved(activations.float(), chosen, change)
        self.base.write_(x, moved.to(x.dtype))

    def _activations(self, x: Tensor) -> Tensor:
        if x.ndim < 2 or x.shape[-1] != self.autoencoder.width:
            raise InterventionError(
                f"{self.site}: the autoencoder in {self.site.sae} takes activations of {self.autoencoder.width} units, "
                f"and there is a tensor {tuple(x.shape)}"
            )
        return self.base.read(x)

    def _encoded(self, activations: Tensor) -> Tensor:
        return self._here(activations).encode(activations.float())

    def _here(self, x: Tensor) -> SparseAutoencoder:
        return self.autoencoder.to(x.device)

    def _chosen(self) -> Any:
        chosen = self.site.feature
        if isinstance(chosen, str):
            raise InterventionError(f"{self.site} stands for many sites: `trace` takes each of them in turn")
        if chosen is None or isinstance(chosen, slice):
            return slice(None) if chosen is None else torch.arange(self.autoencoder.features)[chosen]
        return list(chosen) if isinstance(chosen, tuple) else [chosen]
