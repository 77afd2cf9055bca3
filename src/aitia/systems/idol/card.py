"""The card of idol."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, NOT_DECODED

__all__ = ["CARD"]

CARD = Card(
    slug="idol",
    title="On the Identification of Temporally Causal Representation with Instantaneous Dependence",
    authors=("Li", "Shen", "Zheng", "Cai", "Song", "Gong", "Chen", "Zhang"),
    year=2025,
    venue="ICLR",
    task="latent causes of clips, their lagged graph and the edges within a frame",
    source="https://arxiv.org/abs/2405.15325",
    home="model:IDOL",
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
