"""The card of multi-view."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, SEEN, WITHOUT_DECODER

__all__ = ["CARD"]

CARD = Card(
    slug="multi-view",
    title="Multi-View Causal Representation Learning with Partial Observability",
    authors=("Yao", "Xu", "Lachapelle", "Magliacane", "Taslakian", "Martius", "von Kuegelgen", "Locatello"),
    year=2024,
    venue="ICLR",
    task="the block of causes that several views of a thing share",
    source="https://arxiv.org/abs/2311.04056",
    home="model:MultiView",
    rows=("table", "clips"),
    takes={**SEEN, **KNOWN},
    do="Nothing: it has no decoder.",
    verbs=("encode",),
    absent=WITHOUT_DECODER,
    extra="nets",
    member_of="causalverse",
)
