"""The card of next-token-concepts."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="next-token-concepts",
    title="I Predict Therefore I Am: Is Next Token Prediction Enough to Learn Human-Interpretable Concepts from Data?",
    authors=("Liu", "Gong", "Cai", "Gao", "Zhang", "Huang", "Gong", "van den Hengel", "Shi"),
    year=2026,
    venue="ICLR",
    task="concepts read off and written into the states of a language model; sparse autoencoders scored against them",
    claim="The states of a next-token predictor are linear in the log-odds of the concepts behind its texts, so that"
    " probes and counterfactual directions of one concept fit each other and no other, and tell how good a sparse"
    " autoencoder is; one with a low-rank part beside it is the best.",
    source="https://arxiv.org/abs/2503.08980",
    home="model:NextTokenConcepts",
    takes={
        "concept": Role(kind="label", about="of a pair, the concept in which the two texts differ", needed=False),
        "x0": Role(kind="text", about="of a pair, the text without the concept", needed=False),
        "x1": Role(kind="text", about="of a pair, the same with the concept", needed=False),
        "text": Role(kind="text", about="a text or prompt", needed=False, names=("prompt",)),
        "labels": Role(
            kind="label", about="in place of pairs, concepts of the texts, two values each", needed=False, many=True
        ),
        "written": Role(kind="text", about="what the model writes after the text", needed=False),
    },
    subjects={
        "model": SubjectRole(kind="network", about="the language model whose states are read"),
        "dictionary": SubjectRole(kind="network", about="a folder of SAELens whose features are scored", needed=False),
    },
    fills=("written",),
    does="replaces a state",
    do="do(CONCEPT=present), absent, a number or shift(number) moves the states of the layer along the concept's "
    "counterfactual direction, at every token, until its probe says the usual log-odds of texts with it, of texts "
    "without it, that number, or so much more; CONCEPT is its name among the pairs, or its column.",
    verbs=("predict", "encode", "effects", "export"),
    absent={
        "counterfactual": "greedy writing keeps no noise of a row",
        "edit": "it writes on after a text, and changes none that is given",
    },
    extra="language",
)
