"""The card of causal-info-min."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="causal-info-min",
    title="Debiasing Multimodal Models via Causal Information Minimization",
    authors=("Patil", "Maharana", "Bansal"),
    year=2023,
    venue="Findings of EMNLP",
    task="a predictor without the bias of its data, and how far the bias explains its answers",
    claim="With the simplest features that still predict as the bias, total-effect debiasing answers better under "
    "another answer prior than as many further updates without it, and loses little where nothing shifts.",
    source="https://arxiv.org/abs/2311.16941",
    home="model:CausalInfoMin",
    takes={
        "inputs": Role(kind="any", about="the columns of features that the predictor sees", many=True, rest=True),
        "answer": Role(kind="label", about="the answer to predict", names=("answer", "label")),
    },
    subjects={
        "model": SubjectRole(kind="network", about="a trained backbone to start from", needed=False),
    },
    fills=("answer",),
    does="sets a variable",
    do="do(bias=none) takes the direct effect of the bias out of the answer; do() leaves the predictor as trained.",
    verbs=("predict", "encode"),
    extra="nets",
)
