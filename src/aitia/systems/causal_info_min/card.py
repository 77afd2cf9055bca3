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
        "answer": Role(kind="label", about="the answer to predict", needed=False, names=("label",)),
        "scores": Role(
            kind="number", about="scores of the answers from 0 to 1, one column each", needed=False, many=True
        ),
        "answers": Role(kind="list", about="what several people answered, a list a row", needed=False),
        "inputs": Role(kind="any", about="what the network takes, each named as it takes it", needed=False, many=True),
        "expert": Role(
            kind="number",
            about="probabilities of the expert of `product`, one column an answer",
            needed=False,
            many=True,
        ),
        "kind": Role(
            kind="label",
            about="what kind of answer a row asks for",
            needed=False,
            names=("answer_type", "question_type"),
        ),
        "split": Role(kind="label", about="`train`, `validation` or `balanced`", needed=False),
        "features": Role(
            kind="number", about="the numbers that a predictor gave before", needed=False, many=True, rest=True
        ),
        "arrays": Role(
            kind="list",
            about="the same as lists: features, or what the network takes",
            needed=False,
            many=True,
            rest=True,
        ),
    },
    subjects={"model": SubjectRole(kind="network", about="a trained network, read at a site", needed=False)},
    fills=("answer",),
    does="erases a concept",
    do="do(bias=absent) takes the bias out of the answer: p_main / p_bias^w, the total indirect effect; w is chosen on "
    "validation rows. Only variants with a bias-only head have it.",
    verbs=("predict", "encode", "effects", "export"),
    absent={
        "counterfactual": "the bias is a head of the predictor, no variable of the rows",
        "edit": "rows are not touched",
        "export": "it has it where it was fitted on a network; features have none behind them",
    },
    extra="nets",
)
