"""The card of pcmci-plus."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="pcmci-plus",
    title="Discovering contemporaneous and lagged causal relations in autocorrelated nonlinear time series datasets",
    authors=("Runge",),
    year=2020,
    venue="UAI",
    task="a causal graph of time series, with lags",
    source="https://proceedings.mlr.press/v124/runge20a.html",
    home="model:PCMCIPlus",
    takes={
        "time": Role(
            kind="any", about="when a row was taken, in even steps", names=("time", "date", "t", "day", "month", "year")
        ),
        "series": Role(kind="any", about="which series a row is of, in a panel", needed=False),
        "variables": Role(kind="any", about="the variables of the graph", many=True, rest=True),
    },
    does=None,
    do="nothing is set: a lagged graph has no mechanisms.",
    verbs=("graphs",),
    absent={
        "predict": "a graph has no mechanisms",
        "counterfactual": "a graph has no mechanisms",
        "effects": "a window leaves out what lies before it, which may confound its oldest times",
    },
    member_of="discover",
)
