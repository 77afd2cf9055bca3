"""The card of beta-vae."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, NOT_DECODED, SEEN

__all__ = ["CARD"]

CARD = Card(
    slug="beta-vae",
    title="beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework",
    authors=("Higgins", "Matthey", "Pal", "Burgess", "Glorot", "Botvinick", "Mohamed", "Lerchner"),
    year=2017,
    venue="ICLR",
    task="a code whose latents are pressed to the prior, which assumes nothing",
    source="https://openreview.net/forum?id=Sy2fzU9gl",
    home="model:BetaVAE",
    rows=("table", "clips"),
    takes={**SEEN, **KNOWN},
    does="sets a variable",
    do="do(z2=1) sets a latent; an edit decodes the row from its codes with it set.",
    verbs=("edit", "encode"),
    absent=NOT_DECODED,
    extra="nets",
    member_of="causalverse",
)
