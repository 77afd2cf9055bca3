"""The card of faithful-matching."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="faithful-matching",
    title="Faithful Explanations of Black-box NLP Models Using LLM-generated Counterfactuals",
    authors=("Gat", "Calderon", "Feder", "Chapanin", "Sharma", "Reichart"),
    year=2024,
    venue="ICLR",
    task="the effect of a concept on what any text classifier says",
    claim="Texts matched by an embedding that was trained for it tell the effect of a concept better than other "
    "matches, written counterfactuals better still, and the mean over several matches better than one.",
    source="https://arxiv.org/abs/2310.00603",
    home="model:FaithfulMatching",
    takes={
        "text": Role(kind="text", about="the text"),
        "label": Role(kind="label", about="what the classifier says, where no model is given", needed=False),
        "group": Role(kind="label", about="what a text is a version of; none is matched by its own", needed=False),
        "edit_of": Role(kind="label", about="the group or row that this row is an edit of", needed=False),
        "concepts": Role(kind="label", about="the concepts of a text", many=True, rest=True),
    },
    subjects={
        "model": SubjectRole(kind="client", about="the classifier that is explained", needed=False),
        "writer": SubjectRole(kind="client", about="writes counterfactual texts", needed=False),
    },
    fills=("concepts",),
    does="edits a row",
    do="do(CONCEPT=LABEL) puts into the place of each text its best match of the pool that has this value, or what the "
    "writer writes.",
    verbs=("predict", "edit", "encode", "effects"),
    absent={
        "counterfactual": "a match is another text: no noise of the row is kept",
        "graphs": "the concepts are given, their graph is not asked for",
        "adapt": "a pool of other texts is another fit",
        "export": "the reader and the embeddings are parts of one explainer",
    },
    extra="language",
)
