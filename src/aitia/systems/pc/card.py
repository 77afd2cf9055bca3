"""The card of pc."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="pc",
    title="Causation, Prediction, and Search",
    authors=("Spirtes", "Glymour", "Scheines"),
    year=2000,
    venue="MIT Press",
    task="a causal graph of a table",
    source="https://mitpress.mit.edu/9780262527927/",
    home="model:PC",
    takes={
        "variables": Role(kind="any", about="the variables of the graph", many=True, rest=True),
    },
    does=None,
    do="nothing is set: a graph over variables has no mechanisms; scm() fits them where every edge has a direction, "
    "and obeys do.",
    verbs=("graphs",),
    absent={
        "predict": "a graph has no mechanisms; scm() has",
        "counterfactual": "a graph has no mechanisms; scm() has",
        "effects": "effects that follow from the graph are estimated by aitia discover",
    },
    member_of="cd-nod",
)
