"""The card of gde."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="gde",
    title="Generative Distribution Embeddings",
    authors=("Fishman", "Gowri", "Yin", "Gootenberg", "Abudayyeh"),
    year=2025,
    venue="arXiv",
    task="one vector for a population, from which it can be drawn anew",
    claim="An encoder that sees only the empirical distribution, trained with a sampler, gives vectors from which "
    "populations are drawn anew, and between which lie populations close to those of optimal transport.",
    source="https://arxiv.org/abs/2505.18150",
    home="model:GDE",
    takes={
        "population": Role(kind="label", about="which population a row is of", names=("set", "environment", "group")),
        "variables": Role(kind="number", about="the numbers of a row", many=True, rest=True),
    },
    fills=("variables",),
    does="sets a variable",
    do="do(COLUMN=LABEL), COLUMN that of the populations, draws the rows of all other sets anew from that population.",
    verbs=("predict", "encode"),
    absent={
        "counterfactual": "the sampler has no inverse, and nothing says which row of another population a row would be",
        "edit": "rows are drawn whole",
        "effects": "contrast the rows of two populations, or their vectors by `distance`",
    },
    extra="nets",
)
