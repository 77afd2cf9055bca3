"""The card of causalm."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="causalm",
    title="CausaLM: Causal Model Explanation Through Counterfactual Language Models",
    authors=("Feder", "Oved", "Shalit", "Reichart"),
    year=2021,
    venue="Computational Linguistics",
    task="the effect of a concept on a text classifier, without edited texts; an encoder without the concept",
    claim="A language model that has unlearnt a concept tells how far the concept moves a classifier more truly than"
    " the difference between texts with and without it, most where concept and label are correlated.",
    source="https://doi.org/10.1162/coli_a_00404",
    home="model:CausaLM",
    takes={
        "text": Role(kind="text", about="the text"),
        "label": Role(kind="label", about="the label that the classifier predicts", names=("labels", "stars")),
        "concept": Role(
            kind="label",
            about="the concept whose effect is asked; with `tag`, tags of the words apart by spaces",
            needed=False,
        ),
        "tags": Role(kind="list", about="with `tag`, the same as lists of tags", needed=False),
        "controls": Role(kind="label", about="concepts that are kept", needed=False, many=True),
        "rewritten": Role(kind="text", about="the same text with the concept set anew: the true effect", needed=False),
    },
    subjects={
        "model": SubjectRole(
            kind="network",
            about="the language model to start from; a small one is trained where none is given",
            needed=False,
        ),
    },
    fills=("label",),
    does="erases a concept",
    do="do(CONCEPT=absent), by the name of its column, predicts from an encoder that has unlearnt the concept.",
    verbs=("predict", "encode", "effects", "export"),
    absent={
        "counterfactual": "it removes the concept from states and writes no text",
        "edit": "it removes the concept from states and writes no text",
    },
    extra="language",
)
