"""The card of tabpfn."""

from aitia.card import Card, Role

__all__ = ["CARD"]

_NO_DO = "what is seen where a column has a value is not what would be if it were set"

CARD = Card(
    slug="tabpfn",
    title="TabPFN: A Transformer That Solves Small Tabular Classification Problems in a Second",
    authors=("Hollmann", "Müller", "Eggensperger", "Hutter"),
    year=2023,
    venue="ICLR",
    task="class probabilities for small tables, without training",
    claim="One network, trained on tables of random causal models, classifies small tables better than boosted trees"
    " without being fitted to them.",
    source="https://arxiv.org/abs/2207.01848",
    home="model:TabPFN",
    takes={
        "label": Role(kind="label", about="the label to predict", names=("target", "class", "y")),
        "features": Role(kind="any", about="the columns to predict from", needed=False, many=True, rest=True),
    },
    fills=("label",),
    does=None,
    do=f"nothing is set: {_NO_DO}; find a graph first (aitia discover).",
    verbs=("predict",),
    absent={
        "counterfactual": f"it keeps no noise of a row, and {_NO_DO}",
        "effects": _NO_DO,
        "encode": "it has states of cells, and no code of a row",
        "export": "no other library opens this network",
    },
    extra="nets",
)
