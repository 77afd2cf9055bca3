"""The card of gcrl."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="gcrl",
    title="Generative Causal Representation Learning for Out-of-Distribution Motion Forecasting",
    authors=("Shirahmad Gale Bagi", "Gharaee", "Schulte", "Crowley"),
    year=2023,
    venue="ICML",
    task="forecasts of tracks, and of what they would be in the style of another place",
    claim="A forecaster with one latent for physics and one for the style of a place answers what a scene would be "
    "in another style, and errs no more than a plain VAE.",
    source="https://proceedings.mlr.press/v202/shirahmad-gale-bagi23a.html",
    home="model:GCRL",
    rows=("tracks",),
    takes={
        "environment": Role(kind="label", about="the place that a scene is of"),
        "split": Role(
            about="`validation` for scenes that are not trained on, by which the best state is chosen",
            needed=False,
        ),
    },
    does="sets a variable",
    do="do(COLUMN=LABEL), COLUMN that of the environments, draws the style s from the law of another place, "
    "do(s=NUMBERS) and do(z=NUMBERS) hold a latent; what is not set is read from the past.",
    verbs=("predict", "encode", "adapt"),
    absent={
        "counterfactual": "what came less the forecast holds the style of the place itself: kept, it undoes do "
        "(on the ORCA crossing with 4 frames it errs 1.9 times as much as the forecast under do)",
        "edit": "the past is never touched",
        "effects": "outcomes are positions of agents: contrast two forecasts",
    },
    extra="nets",
)
