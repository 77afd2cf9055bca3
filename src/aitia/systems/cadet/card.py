"""The card of cadet."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="cadet",
    title="Causality Guided Representation Learning for Cross-Style Hate Speech Detection",
    authors=("Zhao",),
    year=2026,
    venue="WWW",
    task="a classifier of texts that does not follow their wording style, and texts in another style",
    claim="Latents of motivation, target, style and context make a classifier that holds where style and label go "
    "together otherwise, better than the same encoder trained by empirical risk.",
    source="https://github.com/Shu-Wan/cadet",
    home="model:Cadet",
    takes={
        "text": Role(kind="text", about="the text"),
        "label": Role(kind="label", about="the label to predict", names=("label", "labels")),
        "style": Role(kind="label", about="the wording style", needed=False),
        "topic": Role(kind="label", about="whom the text is about", needed=False),
        "platform": Role(kind="label", about="where the text is from", needed=False),
    },
    fills=("label",),
    does="edits a row",
    do="do(style=LABEL) sets a latent of the text and writes it again: an edit, with the change of the prediction.",
    verbs=("predict", "edit", "encode", "effects"),
    extra="nets",
)
