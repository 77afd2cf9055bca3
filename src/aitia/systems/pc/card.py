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
    does="sets a variable",
    do="do(x=v) on the structural causal model that is fitted to the graph found, where the graph says enough.",
    verbs=("predict", "counterfactual", "graphs"),
    extra="",
    member_of="cd-nod",
)
