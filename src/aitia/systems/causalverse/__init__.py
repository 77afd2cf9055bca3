"""The causalverse suite: its score of codes against the truth, and the comparison of the methods that make them.

    supervised                          assumes labels: the ceiling
    vae, beta-vae, jacobian-sparsity    nothing beside the rows
    ivae, sufficient-change             domain labels
    multi-view                          views of the same thing
    time-ivae, tcl, tdrl, idol          time

Each member is a system in a folder of its own. The names go by content: in the suite's tree the folder of mechanism
sparsity holds the VAE with a sparse Jacobian and the next one the multi-view contrast, the other way round than its
table says.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.causalverse.config import CausalVerseConfig
    from aitia.systems.causalverse.model import CausalVerse, members

__all__ = ["CausalVerse", "CausalVerseConfig", "members"]

__getattr__ = lazily(
    __name__,
    {
        "CausalVerse": "model",
        "CausalVerseConfig": "config",
        "members": "model",
    },
)
