"""The causalverse suite: methods that look for latent causes in images and clips, and their score against the truth.

    supervised                          assumes labels: the ceiling
    vae, beta-vae, jacobian-sparsity    nothing beside the observations
    ivae, sufficient-change             domain labels
    multi-view                          views of the same thing
    time-ivae, tcl, tdrl, idol          time

The names go by content. In the suite's tree the folder of mechanism sparsity holds the VAE with a sparse Jacobian and
the next one the multi-view contrast, the other way round than its table says.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.causalverse.idol import IDOL, IDOLConfig
    from aitia.systems.causalverse.ivae import IVAE, TimeIVAE
    from aitia.systems.causalverse.jacobian_sparsity import JacobianSparsity, JacobianSparsityConfig
    from aitia.systems.causalverse.method import Assumption, Method, MethodConfig
    from aitia.systems.causalverse.methods import METHODS
    from aitia.systems.causalverse.model import CausalVerse, SuiteScore
    from aitia.systems.causalverse.multi_view import MultiView, MultiViewConfig
    from aitia.systems.causalverse.observations import Observations
    from aitia.systems.causalverse.sufficient_change import SufficientChange, SufficientChangeConfig
    from aitia.systems.causalverse.supervised import Supervised
    from aitia.systems.causalverse.tcl import TCL, TCLConfig
    from aitia.systems.causalverse.tdrl import TDRL, Influence, TDRLConfig
    from aitia.systems.causalverse.vae import VAE, BetaVAE, BetaVAEConfig, VAEConfig

__all__ = [
    "IDOL",
    "IVAE",
    "METHODS",
    "TCL",
    "TDRL",
    "VAE",
    "Assumption",
    "BetaVAE",
    "BetaVAEConfig",
    "CausalVerse",
    "IDOLConfig",
    "Influence",
    "JacobianSparsity",
    "JacobianSparsityConfig",
    "Method",
    "MethodConfig",
    "MultiView",
    "MultiViewConfig",
    "Observations",
    "SufficientChange",
    "SufficientChangeConfig",
    "SuiteScore",
    "Supervised",
    "TCLConfig",
    "TDRLConfig",
    "TimeIVAE",
    "VAEConfig",
]

__getattr__ = lazily(
    __name__,
    {
        "METHODS": "methods",
        "Assumption": "method",
        "BetaVAE": "vae",
        "BetaVAEConfig": "vae",
        "CausalVerse": "model",
        "IDOL": "idol",
        "IDOLConfig": "idol",
        "IVAE": "ivae",
        "Influence": "tdrl",
        "JacobianSparsity": "jacobian_sparsity",
        "JacobianSparsityConfig": "jacobian_sparsity",
        "Method": "method",
        "MethodConfig": "method",
        "MultiView": "multi_view",
        "MultiViewConfig": "multi_view",
        "Observations": "observations",
        "SufficientChange": "sufficient_change",
        "SufficientChangeConfig": "sufficient_change",
        "SuiteScore": "model",
        "Supervised": "supervised",
        "TCL": "tcl",
        "TCLConfig": "tcl",
        "TDRL": "tdrl",
        "TDRLConfig": "tdrl",
        "TimeIVAE": "ivae",
        "VAE": "vae",
        "VAEConfig": "vae",
    },
)
