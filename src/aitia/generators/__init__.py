"""Models that are fitted to data and answer counterfactuals: `fit`, `sample`, `encode`, `counterfactual`."""

from aitia.generators.causal_vae import CausalVae, CausalVaeConfig
from aitia.generators.domain_counterfactuals import DomainCounterfactuals, DomainCounterfactualsConfig

__all__ = ["CausalVae", "CausalVaeConfig", "DomainCounterfactuals", "DomainCounterfactualsConfig"]
