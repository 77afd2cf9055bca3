"""The card of tdrl."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, NOT_DECODED

__all__ = ["CARD"]

CARD = Card(
    slug="tdrl",
    title="Temporally Disentangled Representation Learning",
    authors=("Yao", "Chen", "Zhang"),
    year=2022,
    venue="NeurIPS",
    task="latent causes of clips that their past drives, and their lagged graph",
    source="https://arxiv.org/abs/2210.13647",
    home="model:TDRL",
    rows=("clips",),
    takes=KNOWN,
    does="sets a variable",
    do="do(z2=1) sets a latent in every frame; an edit decodes the row from its codes with it set.",
    verbs=("edit", "encode", "graphs"),
    absent={
        **NOT_DECODED,
        "counterfactual": "a row comes back only as its reconstruction; the noise of the transitions is read in "
        "training and not solved again",
    },
    extra="nets",
    member_of="causalverse",
)
