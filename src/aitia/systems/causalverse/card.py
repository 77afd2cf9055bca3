"""The card of causalverse."""

from aitia.card import Card, Role
from aitia.representations.roles import KNOWN

__all__ = ["CARD"]

CARD = Card(
    slug="causalverse",
    title="CausalVerse: Benchmarking Causal Representation Learning with Configurable High-Fidelity Simulations",
    authors=("Chen", "Deng", "Zhu", "Li", "Shen", "Li", "Zhang"),
    year=2025,
    venue="NeurIPS",
    task="which method recovers the causes behind images and clips, and what it has to be given",
    claim="Methods find the block of true variables rather than the variables themselves (high R2, low MCC), and "
    "each works only where its assumption is given.",
    source="https://arxiv.org/abs/2510.14049",
    home="model:CausalVerse",
    rows=("table", "clips"),
    takes={
        "code": Role(
            kind="number",
            about="codes of the rows, somebody's or a member's; z1, z2, ... where nobody says which",
            needed=False,
            many=True,
        ),
        **KNOWN,
    },
    does=None,
    do="Nothing: it judges codes against true variables, and compares its members, each of which answers do by itself.",
    absent={
        "predict": "its regressions are the measure and are not kept",
        "encode": "its members encode",
        "graphs": "its members give graphs",
    },
    extra="nets",
)
