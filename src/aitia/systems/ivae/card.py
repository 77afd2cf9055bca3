"""The card of ivae."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, NOT_DECODED, SEEN, needed

__all__ = ["CARD"]

CARD = Card(
    slug="ivae",
    title="Variational Autoencoders and Nonlinear ICA: A Unifying Framework",
    authors=("Khemakhem", "Kingma", "Monti", "Hyvarinen"),
    year=2020,
    venue="AISTATS",
    task="latent causes, from rows of several settings in which their laws differ",
    source="https://arxiv.org/abs/1907.04809",
    home="model:IVAE",
    rows=("table", "clips"),
    takes=needed({**SEEN, **KNOWN}, "domain"),
    does="sets a variable",
    do="do(z2=1) sets a latent; an edit decodes the row from its codes with it set.",
    verbs=("edit", "encode"),
    absent=NOT_DECODED,
    extra="nets",
    member_of="causalverse",
)
