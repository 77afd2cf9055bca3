"""The card of jacobian-sparsity."""

from aitia.card import Card
from aitia.representations.roles import KNOWN, NOT_DECODED, SEEN

__all__ = ["CARD"]

CARD = Card(
    slug="jacobian-sparsity",
    title="On the Identifiability of Nonlinear ICA: Sparsity and Beyond",
    authors=("Zheng", "Ng", "Zhang"),
    year=2022,
    venue="NeurIPS",
    task="latent causes, where each moves observed numbers of its own",
    source="https://arxiv.org/abs/2206.07751",
    home="model:JacobianSparsity",
    rows=("table", "clips"),
    takes={**SEEN, **KNOWN},
    does="sets a variable",
    do="do(z2=1) sets a latent; an edit decodes the row from its codes with it set.",
    verbs=("edit", "encode"),
    absent=NOT_DECODED,
    extra="nets",
    member_of="causalverse",
)
