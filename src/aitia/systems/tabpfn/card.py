"""The card of tabpfn."""

from aitia.card import Card, Role

__all__ = ["CARD"]

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
        "features": Role(kind="any", about="the columns to predict from", many=True, rest=True),
        "label": Role(kind="label", about="the label to predict", names=("label", "target", "class", "y")),
    },
    fills=("label",),
    does=None,
    do="Nothing: it conditions on a row; what would be if a feature were set is not what it was trained to say.",
    verbs=("predict",),
    extra="nets",
)
