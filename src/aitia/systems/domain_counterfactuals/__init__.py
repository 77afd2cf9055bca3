"""Domain counterfactuals: what a sample would have looked like, had it come from another domain.

    x = g(z),   z = f_d(eps),   eps ~ N(0, I)                                             (1)
    x_{d -> d'} = g( f_d'( f_d^-1( g^-1(x) ) ) )                                          (2)

g is shared and f_d is an invertible autoregressive map, the latent SCM of domain d. All that is assumed is that the
domains differ in few mechanisms. Two models give the same answers (2) exactly if they are linked by invertible changes
of z and eps that keep every f_d autoregressive; so neither z nor its graph is identified, and neither need be. Each
such class has a member whose changed mechanisms come last. It is therefore enough to search models whose last k
latents depend on the domain: too small a k misfits the data, too large a k loosens the bound on the error of (2).

    table    g is linear, or x = G leaky(B z) + c, or a coupling flow on top of it; exact likelihood
    images   a VAE with convolutions: eps is the posterior mean under d, decoded under d'

Where we differ from the source. Its g is G leaky(z): without B, a system whose changed mechanisms do not come last has
no member of that form which does, and the search for one misfits. The bend of the leaky ReLU is round at first
(`SHARPNESS`), G starts at a turned whitening of the data and several starts are trained side by side. In the VAE the
second map gives log-variances, both where noise is drawn and in the KL term.

Source:
    Kulinski, Zhou, Bai, Kocaoglu and Inouye, Towards Characterizing Domain Counterfactuals for Invertible Latent Causal
    Models, ICLR 2024.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.domain_counterfactuals.config import DomainCounterfactualsConfig, SparsityChoice
    from aitia.systems.domain_counterfactuals.model import DomainCounterfactuals

__all__ = ["DomainCounterfactuals", "DomainCounterfactualsConfig", "SparsityChoice"]

__getattr__ = lazily(
    __name__,
    {
        "DomainCounterfactuals": "model",
        "DomainCounterfactualsConfig": "config",
        "SparsityChoice": "config",
    },
)
