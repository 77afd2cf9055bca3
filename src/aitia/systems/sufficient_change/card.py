"""The card of sufficient-change."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, NOT_DECODED, SEEN, needed

__all__ = ["CARD"]

CARD = Card(
    slug="sufficient-change",
    title="Partial Disentanglement for Domain Adaptation",
    authors=("Kong", "Xie", "Yao", "Zheng", "Chen", "Stojanov", "Akinwande", "Zhang"),
    year=2022,
    venue="ICML",
    task="the latents that change between settings, apart from the block of those that do not",
    source="https://proceedings.mlr.press/v162/kong22a.html",
    home="model:SufficientChange",
    rows=("table", "clips"),
    takes=needed({**SEEN, **KNOWN}, "domain"),
    does="sets a variable",
    do="do(z2=1) sets a latent; an edit decodes the row from its codes with it set.",
    verbs=("edit", "encode"),
    absent=NOT_DECODED,
    extra="nets",
    member_of="causalverse",
)
