"""The card of alignment-hurts."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="alignment-hurts",
    title="When Alignment Hurts: Decoupling Representational Spaces in Multilingual Models",
    authors=("Elshabrawy",),
    year=2025,
    venue="arXiv",
    task="fine-tuning that keeps dialects out of the standard's subspace, and an audit of where varieties sit",
    claim="Fine-tuning with a penalty on the energy in the dominant variety's subspace writes the other varieties "
    "better than plain fine-tuning, at the dominant variety's cost.",
    source="https://arxiv.org/abs/2508.12803",
    home="model:Decoupling",
    rows=("table",),
    takes={
        "source": Role(kind="text", about="the sentence or meaning to write"),
        "written": Role(kind="text", about="how it is written in the variety", names=("target",)),
        "variety": Role(kind="label", about="the language variety of the row", names=("variety", "language", "lang")),
        "split": Role(kind="label", about="`validation` for rows that only the probe sees", needed=False),
    },
    subjects={
        "model": SubjectRole(kind="network", about="the language model that is fine-tuned"),
    },
    fills=("written",),
    does="erases a concept",
    do="do(variety=absent) takes what tells the dominant variety apart out of the states of all fitted layers, "
    "do(SITE=absent) out of those of one.",
    verbs=("predict", "export"),
    absent={
        "counterfactual": "greedy writing keeps no noise of a row",
        "edit": "it writes new text",
        "encode": "states are many to a layer: `audit` reads them",
        "effects": "what an erasure changes is how well texts are written: `score`, with it held and without",
        "graphs": "no graph is asked for",
    },
    extra="language",
)
