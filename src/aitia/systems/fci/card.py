"""The card of fci."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="fci",
    title="On the completeness of orientation rules for causal discovery in the presence of latent confounders and "
    "selection bias",
    authors=("Zhang",),
    year=2008,
    venue="Artificial Intelligence 172",
    task="a causal graph of a table in which hidden variables may be common causes",
    source="https://doi.org/10.1016/j.artint.2008.08.001",
    home="model:FCI",
    takes={
        "variables": Role(kind="any", about="the variables of the graph", many=True, rest=True),
    },
    does=None,
    do="nothing is set: a partial ancestral graph has no mechanisms; aitia do estimates the effects that an adjustment "
    "set of it gives.",
    verbs=("graphs",),
    absent={
        "predict": "a graph has no mechanisms",
        "counterfactual": "a graph has no mechanisms, and hidden causes have no rows",
        "effects": "effects that an adjustment set gives are estimated by aitia do",
    },
    member_of="discover",
)
