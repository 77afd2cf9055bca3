"""A variational autoencoder over given causes and a given graph, which answers do(light=1.2)."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.causal_vae.model import CausalVae, CausalVaeConfig

__all__ = ["CausalVae", "CausalVaeConfig"]

__getattr__ = lazily(
    __name__,
    {
        "CausalVae": "model",
        "CausalVaeConfig": "model",
    },
)
