"""The card of tcl."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, NOT_DECODED

__all__ = ["CARD"]

CARD = Card(
    slug="tcl",
    title="Unsupervised Feature Extraction by Time-Contrastive Learning and Nonlinear ICA",
    authors=("Hyvarinen", "Morioka"),
    year=2016,
    venue="NIPS",
    task="latent causes of clips whose law differs between the parts of a clip",
    source="https://arxiv.org/abs/1605.06336",
    home="model:TCL",
    rows=("clips",),
    takes=KNOWN,
    does="sets a variable",
    do="do(z2=1) sets a latent in every frame; an edit decodes the row from its codes with it set.",
    verbs=("edit", "encode"),
    absent=NOT_DECODED,
    extra="nets",
    member_of="causalverse",
)
