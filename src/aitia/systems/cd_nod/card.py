"""The card of cd-nod."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="cd-nod",
    title="Causal Discovery from Heterogeneous/Nonstationary Data",
    authors=(
        "Biwei Huang",
        "Kun Zhang",
        "Jiji Zhang",
        "Joseph Ramsey",
        "Ruben Sanchez-Romero",
        "Clark Glymour",
        "Bernhard Schölkopf",
    ),
    year=2020,
    venue="JMLR 21",
    task="causal discovery",
    claim="What changes between domains or over time shows a better graph than pooled data, and what changed how.",
    source="https://jmlr.org/papers/v21/19-232.html",
    home="model:CDNOD",
    takes={
        "context": Role(
            kind="any",
            about="the domain or the time of a row",
            names=("day", "time", "environment", "domain"),
        ),
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
)
