"""The card of vqa-causal."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="vqa-causal",
    title="What's Missing in Vision-Language Models? Probing Their Struggles with Causal Order Reasoning",
    authors=("Weng", "Li", "Wang", "Huang", "Zhao"),
    year=2025,
    venue="arXiv",
    task="whether a model that sees pictures tells cause from effect in a sentence, beside what texts alone tell",
    claim="A model trained on captions that say no cause sees the things and not the causal order; captions that say "
    "it teach it, and reversed sentences as hard negatives do so sooner.",
    source="https://arxiv.org/abs/2506.00869",
    home="model:VqaCausal",
    takes={
        "image": Role(kind="picture", about="the picture", needed=False, names=("image", "picture")),
        "named": Role(kind="any", about="its name or number in the folder `images`", needed=False, names=("image_id",)),
        "sentence": Role(kind="text", about="a sentence that says cause and effect"),
        "reverse": Role(
            kind="text", about="the same with cause and effect exchanged", names=("reverse", "reverse_sentence")
        ),
        "caption": Role(kind="text", about="a caption that says no cause", needed=False),
        "choice": Role(
            kind="label", about="which of the two is true: `sentence` or `reverse`; without, `sentence`", needed=False
        ),
    },
    subjects={
        "model": SubjectRole(kind="network", about="of the CLIP kind: judged, or trained on", needed=False),
        "client": SubjectRole(kind="client", about="a vision-language model that is asked", needed=False),
    },
    fills=("choice",),
    does="edits a row",
    do="do(connective=PHRASE) joins the clauses of both sentences by another connective, and what is true becomes "
    "false where the cause then stands on the other side; do(PICTURE=other) shows the picture of another row and "
    "do(PICTURE=blank) none, PICTURE being the column of the pictures (`picture` where they are named).",
    verbs=("predict", "edit", "encode", "effects", "export"),
    absent={
        "counterfactual": "a sentence has no noise that could be kept",
        "graphs": "a row has one cause and one effect, and says which",
        "encode": "a client has no codes",
        "export": "a client was asked, and nothing was trained",
    },
    extra="language",
)
