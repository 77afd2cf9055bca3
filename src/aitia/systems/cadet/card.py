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
        "label": Role(kind="label", about="the label to predict, of two values", names=("labels", "intent")),
        "style": Role(kind="any", about="the wording style: 0 or 1, two labels, or a score", needed=False),
        "topic": Role(kind="label", about="whom or what the text is about", needed=False, names=("target",)),
        "confidence": Role(kind="number", about="how sure the annotators are of the topic, 0 to 1", needed=False),
        "split": Role(kind="label", about="`train` or `validation`", needed=False),
    },
    fills=("label",),
    does="edits a row",
    do="do(style=LABEL) or do(TOPIC=LABEL), by the names of the columns, writes the text anew with that latent set; "
    "variant erm has no latents to set.",
    verbs=("predict", "edit", "encode", "effects"),
    absent={"counterfactual": "a text does not come back from its latents, so what it writes is an edit"},
    extra="language",
)
