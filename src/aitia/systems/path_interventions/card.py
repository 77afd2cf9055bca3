"""The card of path-interventions."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="path-interventions",
    title="Causal Analysis for Robust Interpretability of Neural Networks",
    authors=("Ahmad",),
    year=2023,
    venue="WACV 2024",
    task="which units of a classifier cause a class: a graph of units, attribution maps, sub-networks, repair",
    claim="Cutting the paths found for a class destroys that class much more than cutting as many others, the paths "
    "alone still rank it, its maps are stabler than gradients, and cutting the paths of a spurious cue closes "
    "the gap it opens.",
    source="https://arxiv.org/abs/2305.08950",
    home="model:PathInterventions",
    takes={
        "image": Role(kind="picture", about="the pictures", needed=False),
        "inputs": Role(
            kind="number", about="the numbers, where the rows are no pictures", needed=False, many=True, rest=True
        ),
        "label": Role(kind="label", about="the class of a row", names=("label", "class")),
        "reference": Role(kind="picture", about="the same pictures without a cue, with which=all", needed=False),
        "reference_inputs": Role(kind="number", about="the same of numbers, with which=all", needed=False, many=True),
    },
    subjects={
        "model": SubjectRole(kind="network", about="the classifier that is explained"),
    },
    fills=("label",),
    does="replaces a state",
    do="do(LAYER[unit=K]=0) cuts the paths of a unit of the network, do(graph=absent) those of the whole graph; the "
    "answer is what the network then says.",
    verbs=("predict", "effects", "graphs", "export"),
    absent={
        "counterfactual": "a row has no noise here: the network is a function of it",
        "edit": "rows are not touched, the network is",
        "encode": "where the causes look is a picture, given by `attribute`",
    },
    extra="nets",
)
