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
        "base": Role(
            kind="label",
            about="the base model of a row; found from its name by rules where no column says it",
            needed=False,
            names=("base_model", "environment"),
        ),
        "scores": Role(
            kind="number",
            about="the scores; where nobody says which, every column of numbers that is not about the model itself",
            needed=False,
            many=True,
        ),
        "name": Role(kind="text", about="the name of a model", needed=False, names=("fullname",)),
        "made_from": Role(kind="text", about="what a model says it was made from", needed=False, names=("Base Model",)),
        "architecture": Role(kind="text", about="its architecture", needed=False, names=("Architecture",)),
        "parameters": Role(kind="number", about="its parameters in billions", needed=False, names=("#Params (B)",)),
        "merged": Role(kind="any", about="whether it was merged of others", needed=False, names=("Merged",)),
    },
    fills=("scores",),
    does="sets a variable",
    do="do(z1=v) sets a latent, on the scale of the score it is named after; latents below it and the scores follow.",
    verbs=("predict", "counterfactual", "encode", "effects", "graphs"),
    absent={"edit": "no cell is masked: a latent moves all scores"},
)
