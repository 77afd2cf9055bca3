"""The card of vae."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, NOT_DECODED, SEEN

__all__ = ["CARD"]

CARD = Card(
    slug="vae",
    title="Auto-Encoding Variational Bayes",
    authors=("Kingma", "Welling"),
    year=2014,
    venue="ICLR",
    task="a code of pictures, clips or vectors that assumes nothing, and so cannot tell the causes apart",
    source="https://arxiv.org/abs/1312.6114",
    home="model:VAE",
    rows=("table", "clips"),
    takes={**SEEN, **KNOWN},
    does="sets a variable",
    do="do(z2=1) sets a latent; an edit decodes the row from its codes with it set.",
    verbs=("edit", "encode"),
    absent=NOT_DECODED,
    extra="nets",
    member_of="causalverse",
)
