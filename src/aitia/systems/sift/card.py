"""The card of sift."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="sift",
    title="Supervised In-Context Fine-Tuning for Generative Sequence Labeling",
    authors=("Dukic", "Glavas", "Snajder"),
    year=2025,
    venue="arXiv",
    task="spans of texts and their types, written by a language model that was tuned on demonstrations",
    claim="A language model that was tuned to write the spans of demonstrations and of the last sentence labels better "
    "than one that is only shown them, and than one that tags each token from what stands before it.",
    source="https://arxiv.org/abs/2509.00921",
    home="model:Sift",
    takes={
        "text": Role(kind="text", about="the text", names=("text",)),
        "spans": Role(kind="spans", about="[start, stop, type] of each span of the text", names=("spans",)),
    },
    subjects={"model": SubjectRole(kind="network", about="the causal language model that is tuned", needed=False)},
    fills=("spans",),
    do="nothing can be set: the spans of a text follow from the text; the type of a name is set in a world of texts.",
    verbs=("predict", "adapt", "export"),
    absent={
        "counterfactual": "another text is another row: no noise of it is kept",
        "edit": "no text is written anew, spans are read off it",
        "encode": "a text becomes spans, not a vector",
        "effects": "nothing can be set",
        "graphs": "spans are no variables",
    },
    extra="language",
)
