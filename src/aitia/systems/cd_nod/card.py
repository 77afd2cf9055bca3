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
            names=("context", "day", "time", "environment", "domain"),
        ),
        "variables": Role(kind="any", about="the variables of the graph", many=True, rest=True),
    },
    does="sets a variable",
    do="do(x=v) on the structural causal model that is fitted to the graph found, where the graph says enough.",
    verbs=("predict", "counterfactual", "graphs"),
    extra="",
)
