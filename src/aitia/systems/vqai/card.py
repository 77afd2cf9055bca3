"""The card of vqai."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="vqai",
    title="Image Content Generation with Causal Reasoning",
    authors=("Li", "Fan", "Zhang", "Jin", "Wang", "Guo", "Zhao", "Li"),
    year=2023,
    venue="AAAI 2024",
    task="the picture that answers a causal question about a picture, beside copying it and what no reasoning draws",
    claim="An editor that is told what a reasoner concludes from picture and question draws the consequence of "
    "questions that it was never shown pairs of, where one that is told the question alone does not.",
    source="https://arxiv.org/abs/2312.07132",
    home="model:Vqai",
    takes={
        "image": Role(kind="picture", about="the picture that is asked about", names=("image", "before", "picture")),
        "question": Role(kind="text", about="what if something were otherwise", names=("question", "instruction")),
        "answer": Role(kind="text", about="what is true then, in parts that commas set apart", needed=False),
        "after": Role(kind="picture", about="the picture that answers", needed=False, names=("after", "target")),
        "caption": Role(kind="text", about="what the picture shows, in words like the answer's", needed=False),
        "kind": Role(kind="label", about="of the change: scores are told by it", needed=False),
    },
    subjects={
        "editor": SubjectRole(
            kind="network", about="a diffusers pipeline of pictures and words, in place of the small one", needed=False
        ),
        "client": SubjectRole(kind="client", about="a language model that reasons, in words", needed=False),
    },
    fills=("answer", "after"),
    does="sets a variable",
    do="do(answer='...') sets the words that guide the editor in place of the reasoner's, and do(question='...') asks "
    "something else of every row, from which its answer and its picture follow.",
    verbs=("predict", "encode"),
    absent={
        "counterfactual": "a plausible picture: of a user's row no noise is known that could be kept",
        "edit": "the answer is another column, and the given picture stays",
        "encode": "codes are the latent of the small reasoner: with a client, or without answers, there is none",
        "effects": "what moved is told of pictures whose truth is known, in the scores",
        "graphs": "no graph is learnt",
        "export": "the small editor draws pictures of a few pixels, and a pipeline is not changed",
    },
    extra="language",
)  # fmt: skip
