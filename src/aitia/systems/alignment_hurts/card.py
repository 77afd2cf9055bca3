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
        "written": Role(kind="text", about="how it is written in the variety"),
        "variety": Role(kind="label", about="the language variety of the row", names=("variety", "language", "lang")),
    },
    subjects={
        "model": SubjectRole(kind="network", about="the language model that is fine-tuned"),
    },
    fills=("written",),
    does=None,
    do="Nothing: the penalty acts while the model is trained, and the variety to write is given in the row.",
    verbs=("predict", "export"),
    extra="language",
)
