"""The card of boss."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="boss",
    title="Fast scalable and accurate discovery of DAGs using the best order score search and grow-shrink trees",
    authors=("Andrews", "Ramsey", "Sanchez-Romero", "Camchong", "Kummerfeld"),
    year=2023,
    venue="NeurIPS",
    task="a causal graph of a table, by the score of orders",
    source="https://arxiv.org/abs/2310.17679",
    home="model:BOSS",
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
    member_of="discover",
)
