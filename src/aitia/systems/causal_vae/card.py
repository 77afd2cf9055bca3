"""The card of causal-vae."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="causal-vae",
    title="CausalVAE: Disentangled Representation Learning via Neural Structural Causal Models",
    authors=("Yang", "Liu", "Chen", "Shen", "Hao", "Wang"),
    year=2021,
    venue="CVPR",
    task="what a picture would be under another cause, given labels of the causes and their graph",
    source="https://arxiv.org/abs/2004.08697",
    home="model:CausalVae",
    takes={
        "image": Role(kind="picture", about="the pictures"),
        "causes": Role(kind="number", about="labels that are causes", many=True, rest=True),
    },
    does="sets a variable",
    do="do(CAUSE=v) sets a cause; its effects by the given graph follow, and the picture is drawn anew.",
    verbs=("counterfactual", "encode"),
    extra="nets",
    member_of="causal-diffae",
)
