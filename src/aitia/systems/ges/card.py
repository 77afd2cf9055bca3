"""The card of ges."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="ges",
    title="Optimal structure identification with greedy search",
    authors=("Chickering",),
    year=2002,
    venue="Journal of Machine Learning Research 3",
    task="a causal graph of a table, by the score of equivalence classes",
    source="https://www.jmlr.org/papers/v3/chickering02b.html",
    home="model:GES",
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
