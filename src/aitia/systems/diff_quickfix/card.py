"""The card of diff-quickfix."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="diff-quickfix",
    title="Localizing and Editing Knowledge in Text-to-Image Generative Models",
    authors=("Basu", "Zhao", "Morariu", "Feizi", "Manjunatha"),
    year=2023,
    venue="ICLR 2024",
    task="where in a text-to-image model a concept lives, and one matrix changed so that another is drawn in its place",
    claim="In the text encoder a concept is carried by the first self-attention at its last token alone, and a change "
    "of that one matrix in closed form replaces it, in under a second.",
    source="https://arxiv.org/abs/2310.13730",
    home="model:DiffQuickfix",
    takes={
        "prompt": Role(kind="text", about="a prompt", names=("prompt", "caption", "text")),
        "other": Role(
            kind="text",
            about="the same with other words for the concept; empty: its pictures are to stay",
            needed=False,
        ),
        "concept": Role(
            kind="label",
            about="the words of the prompt that are changed; absent: those in which prompt and other differ",
            needed=False,
        ),
        "image": Role(kind="picture", about="what the model draws", needed=False, names=("image", "picture")),
    },
    subjects={
        "model": SubjectRole(kind="network", about="a pipeline folder of diffusers, from text to pictures"),
        "reader": SubjectRole(kind="network", about="says which attributes a picture shows", needed=False),
    },
    fills=("image",),
    does="erases a concept",
    do="do(CONCEPT=absent), by its words, draws from a model of which one weight matrix was changed so that the words "
    "mean what the rows of the fit put in their place; do(CONCEPT=WORDS) puts other words there. do(SITE=other) "
    "replaces a state by that of the same row's `other`.",
    verbs=("predict", "effects", "export"),
    absent={
        "counterfactual": "the noise of a given picture is not known; pictures of one seed are the pair",
        "edit": "no picture is edited, weights are",
        "encode": "states are read by effects",
    },
    extra="vision",
)
