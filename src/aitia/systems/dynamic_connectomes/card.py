"""The card of dynamic-connectomes."""

from aitia.card import Card

__all__ = ["CARD"]

CARD = Card(
    slug="dynamic-connectomes",
    title="Learning dynamic representations of the functional connectome in neurobiological networks",
    authors=("Dyballa", "Lang", "Haslund-Gourley", "Yemini", "Zucker"),
    year=2024,
    venue="ICLR",
    task="motifs of units that change together: which pairs, when, in which animals",
    claim="Motifs of differential affinity find the groups of each phase, the animals that have them and when, which"
    " static correlation blurs, and silencing a driver removes its community's affinities.",
    source="https://arxiv.org/abs/2402.14102",
    home="model:DynamicConnectomes",
    rows=("recordings",),
    does="replaces a state",
    do="do(UNIT=silent) takes the pairs of a unit away: what goes at least, if it drives nobody.",
    verbs=("encode", "effects"),
    absent={
        "predict": "motifs say affinities of pairs and not signals; its own method is `affinities`",
        "counterfactual": "nothing of a signal is kept",
        "graphs": "affinity is symmetric: who drives whom it does not say",
    },
)
