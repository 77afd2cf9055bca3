"""The card of causalverse."""

from aitia.card import Card, Role

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
        "image": Role(kind="picture", about="the pictures", needed=False),
        "environment": Role(
            kind="label",
            about="the column that says where a row is from",
            names=("environment", "env", "domain"),
            needed=False,
        ),
    },
    does=None,
    do="Nothing: it compares its members, each of which answers do by itself.",
    verbs=("encode",),
    extra="nets",
)
