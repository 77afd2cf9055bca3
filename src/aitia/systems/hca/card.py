"""The card of hca."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="hca",
    title="Discovering Hierarchical Latent Capabilities of Language Models via Causal Representation Learning",
    authors=("Jin", "Syrgkanis", "Kakade", "Zhang"),
    year=2025,
    venue="arXiv",
    task="latent capabilities and their causal order from a leaderboard",
    claim="With the base model as environment, linear latents and their causal order are recovered, which pooled "
    "rows cannot give, with an inexactness below that of unrelated groups.",
    source="https://arxiv.org/abs/2506.10378",
    home="model:HCA",
    takes={
        "base": Role(kind="label", about="the base model of a row", names=("base", "base_model", "environment")),
        "scores": Role(kind="number", about="the scores of the leaderboard", many=True, rest=True),
    },
    does="sets a variable",
    do="do(z1=v) sets a latent capability; the scores follow.",
    verbs=("counterfactual", "encode", "graphs"),
    extra="",
)
