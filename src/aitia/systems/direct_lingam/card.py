"""The card of direct-lingam."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="direct-lingam",
    title="DirectLiNGAM: a direct method for learning a linear non-Gaussian structural equation model",
    authors=("Shimizu", "Inazumi", "Sogawa", "Hyvarinen", "Kawahara", "Washio", "Hoyer", "Bollen"),
    year=2011,
    venue="Journal of Machine Learning Research 12",
    task="a causal graph with every arrow, of columns whose noise is not Gaussian",
    source="https://www.jmlr.org/papers/v12/shimizu11a.html",
    home="model:DirectLiNGAM",
    takes={
        "variables": Role(kind="any", about="the variables of the graph, all numbers", many=True, rest=True),
    },
    does=None,
    do="nothing is set: the fit keeps the graph alone; scm() fits the mechanisms of its arrows, and obeys do.",
    verbs=("graphs",),
    absent={
        "predict": "the fit keeps the graph alone; scm() has mechanisms",
        "counterfactual": "the fit keeps the graph alone; scm() has mechanisms",
        "effects": "effects that follow from the graph are estimated by aitia discover",
    },
    member_of="discover",
)
