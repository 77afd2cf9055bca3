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
        "split": Role(
            kind="label", about="`validation` for rows that the probe alone sees", needed=False, names=("split",)
        ),
    },
    subjects={
        "model": SubjectRole(kind="network", about="the language model that is fine-tuned"),
    },
    fills=("written",),
    does="erases a concept",
    do="do(COLUMN=absent), COLUMN that of the varieties, writes with what tells the dominant variety apart taken out "
    "of the states of every fitted layer, do(SITE=absent) of one layer; with hard=True it is out already, and "
    "strength=0 finds no such subspace.",
    verbs=("predict", "export"),
    absent={
        "counterfactual": "greedy writing keeps no noise of a row",
        "edit": "it writes new text, and changes none that is given",
        "encode": "a row has many states in each layer; audit tells what they say of the varieties",
        "effects": "what an erasure changes is the chrF++ of what is written: judge of do(variety=absent) beside that "
        "of the system",
    },
    extra="language",
)
