"""The causalverse suite: methods that look for latent causes in images and clips, and their score against the truth.

    supervised                          assumes labels: the ceiling
    vae, beta-vae, jacobian-sparsity    nothing beside the observations
    ivae, sufficient-change             domain labels
    multi-view                          views of the same thing
    time-ivae, tcl, tdrl, idol          time

The names go by content. In the suite's tree the folder of mechanism sparsity holds the VAE with a sparse Jacobian and
the next one the multi-view contrast, the other way round than its table says.
"""

from collections.abc import Mapping

from aitia.learners.causalverse.idol import IDOL, IDOLConfig
from aitia.learners.causalverse.ivae import IVAE, TimeIVAE
from aitia.learners.causalverse.jacobian_sparsity import JacobianSparsity, JacobianSparsityConfig
from aitia.learners.causalverse.method import Assumption, Method, MethodConfig
from aitia.learners.causalverse.multi_view import MultiView, MultiViewConfig
from aitia.learners.causalverse.observations import Observations
from aitia.learners.causalverse.sufficient_change import SufficientChange, SufficientChangeConfig
from aitia.learners.causalverse.suite import CausalVerse, SuiteScore
from aitia.learners.causalverse.supervised import Supervised
from aitia.learners.causalverse.tcl import TCL, TCLConfig
from aitia.learners.causalverse.tdrl import TDRL, Influence, TDRLConfig
from aitia.learners.causalverse.vae import VAE, BetaVAE, BetaVAEConfig, VAEConfig

METHODS: Mapping[str, type[Method]] = {
    method.name: method
    for method in (
        Supervised,
        VAE,
        BetaVAE,
        JacobianSparsity,
        IVAE,
        SufficientChange,
        MultiView,
        TimeIVAE,
        TCL,
        TDRL,
        IDOL,
    )
}
"""Every method of the suite, by name."""

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
