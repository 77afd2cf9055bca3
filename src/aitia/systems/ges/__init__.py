"""GES: greedy search between Markov equivalence classes."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.ges.config import GESConfig
    from aitia.systems.ges.model import GES

__all__ = ["GES", "GESConfig"]

__getattr__ = lazily(
    __name__,
    {
        "GES": "model",
        "GESConfig": "config",
    },
)
