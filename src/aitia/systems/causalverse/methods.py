"""Every method of the suite, by name."""

from collections.abc import Mapping

from aitia.systems.causalverse.idol import IDOL
from aitia.systems.causalverse.ivae import IVAE, TimeIVAE
from aitia.systems.causalverse.jacobian_sparsity import JacobianSparsity
from aitia.systems.causalverse.method import Method
from aitia.systems.causalverse.multi_view import MultiView
from aitia.systems.causalverse.sufficient_change import SufficientChange
from aitia.systems.causalverse.supervised import Supervised
from aitia.systems.causalverse.tcl import TCL
from aitia.systems.causalverse.tdrl import TDRL
from aitia.systems.causalverse.vae import VAE, BetaVAE

__all__ = ["METHODS"]

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
