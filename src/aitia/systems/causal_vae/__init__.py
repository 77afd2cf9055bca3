"""A generator that is given labelled causes and their graph, and answers do(light=1.2) on pictures."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.causal_vae.config import CausalVaeConfig
    from aitia.systems.causal_vae.model import CausalVae

__all__ = ["CausalVae", "CausalVaeConfig"]

__getattr__ = lazily(
    __name__,
    {
        "CausalVae": "model",
        "CausalVaeConfig": "config",
    },
)
