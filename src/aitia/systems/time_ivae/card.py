"""The card of time-ivae."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, NOT_DECODED

__all__ = ["CARD"]

CARD = Card(
    slug="time-ivae",
    title="Variational Autoencoders and Nonlinear ICA: A Unifying Framework",
    authors=("Khemakhem", "Kingma", "Monti", "Hyvarinen"),
    year=2020,
    venue="AISTATS",
    task="latent causes of clips whose law changes over the clip",
    source="https://arxiv.org/abs/1907.04809",
    home="model:TimeIVAE",
    rows=("clips",),
    takes=KNOWN,
    does="sets a variable",
    do="do(z2=1) sets a latent in every frame; an edit decodes the row from its codes with it set.",
    verbs=("edit", "encode"),
    absent=NOT_DECODED,
    extra="nets",
    member_of="causalverse",
)
