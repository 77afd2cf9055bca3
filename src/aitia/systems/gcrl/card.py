"""The card of gcrl."""

from aitia.card import Card

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
    does="sets a variable",
    do="do(environment=LABEL) forecasts the same scene in the style of another place, with its own physics kept.",
    verbs=("predict", "counterfactual", "encode", "adapt"),
    extra="nets",
)
