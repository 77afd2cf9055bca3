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
        "cause": Role(
            kind="number",
            about="labels that are causes; those of the graph, or all numbers, where nobody says which",
            needed=False,
            many=True,
        ),
    },
    fills=("image", "cause"),
    does="sets a variable",
    do="do(CAUSE=v) sets a cause; its effects by the graph that is given or learnt follow, and the picture is drawn "
    "anew; the noise of the other causes and what no label tells stay.",
    verbs=("predict", "counterfactual", "encode", "graphs"),
    absent={
        "edit": "it draws the whole picture, also where nothing was to change",
        "effects": "aitia.effect contrasts do(a) and do(b) on the causes, by solve",
    },
    extra="nets",
    member_of="causal-diffae",
)
