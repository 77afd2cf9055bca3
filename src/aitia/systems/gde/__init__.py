"""Generative distribution embeddings: one vector for a set of rows, from which the set can be drawn anew.

    z = E(S),   G(. | z) close to the law that S is a sample of                                                      (1)

E sees the empirical distribution alone (`set_encoders`) and G is any sampler given z (`samplers`).
Both are trained together: of each set one half is encoded and the other half is what G has to meet, so that E cannot
pass single points on. With `mixing` the sets of a step are mixtures of the given ones with Dirichlet weights.

What the vectors are for: drawing rows of a population (`draw`), populations between two others (`interpolate`),
how far populations are apart (`distance`), and the population after an intervention that was not made
(`PerturbationPredictor`).

Distances of z are not made to equal a distance of distributions, they come to follow it. A kernel mean embedding with
the right bandwidth follows W2 as well or better, and where means differ much the mean alone does; neither can be drawn
from. `isometry` adds a term that asks for distances of z to be sliced Wasserstein distances. The source has no such
term.

Source:
    Fishman, Gowri, Yin, Gootenberg and Abudayyeh, Generative Distribution Embeddings, 2025.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.gde.config import GDEConfig
    from aitia.systems.gde.model import GDE
    from aitia.systems.gde.perturbations import PerturbationPredictor
    from aitia.systems.gde.references import fixed_embedding

__all__ = ["GDE", "GDEConfig", "PerturbationPredictor", "fixed_embedding"]

__getattr__ = lazily(
    __name__,
    {
        "GDE": "model",
        "GDEConfig": "config",
        "PerturbationPredictor": "perturbations",
        "fixed_embedding": "references",
    },
)
