"""The card of supervised."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, SEEN, WITHOUT_DECODER

__all__ = ["CARD"]

CARD = Card(
    slug="supervised",
    title="CausalVerse: Benchmarking Causal Representation Learning with Configurable High-Fidelity Simulations",
    authors=("Chen", "Deng", "Zhu", "Li", "Shen", "Li", "Zhang"),
    year=2025,
    venue="NeurIPS",
    task="how much of the true variables the rows show: the ceiling of every other method",
    source="https://arxiv.org/abs/2510.14049",
    home="model:Supervised",
    rows=("table", "clips"),
    takes={**SEEN, **KNOWN},
    fills=("truth",),
    do="Nothing: a regression has no decoder.",
    verbs=("predict", "encode"),
    absent=WITHOUT_DECODER,
    extra="nets",
    member_of="causalverse",
)
