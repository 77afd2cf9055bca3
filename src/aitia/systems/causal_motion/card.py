"""The card of causal-motion."""

from aitia.card import Card

__all__ = ["CARD"]

CARD = Card(
    slug="causal-motion",
    title="Towards Robust and Adaptive Motion Forecasting: A Causal Representation Perspective",
    authors=("Liu", "Cadei", "Schweizer", "Bahmani", "Alahi"),
    year=2022,
    venue="CVPR",
    task="forecasts of tracks under spurious cues and in new places",
    claim="A forecaster that takes the style of a place from a few of its scenes errs less in known and new places "
    "than pooled training, and an invariance penalty makes it drop a planted cue.",
    source="https://arxiv.org/abs/2111.14820",
    home="model:CausalMotion",
    rows=("tracks",),
    does="sets a variable",
    do="do(environment=LABEL) forecasts the same past in the style of another place.",
    verbs=("predict", "counterfactual", "encode", "adapt"),
    extra="nets",
)
