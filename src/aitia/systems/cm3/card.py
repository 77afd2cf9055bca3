"""The card of CM3."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="cm3",
    title="CM3: A Causal Masked Multimodal Model of the Internet",
    authors=(
        "Aghajanyan",
        "Huang",
        "Ross",
        "Karpukhin",
        "Xu",
        "Goyal",
        "Okhonko",
        "Joshi",
        "Ghosh",
        "Lewis",
        "Zettlemoyer",
    ),
    year=2022,
    venue="arXiv",
    task="pages with pictures and links whose holes are filled: captions, pictures, titles of links, gaps in the text",
    claim="A model that reads pages from the left, with spans moved behind them, fills a gap from what stands on both "
    "sides of it, which one that learnt the same pages as they are cannot, and says plain pages nearly as well.",
    source="https://arxiv.org/abs/2201.07520",
    home="model:Cm3",
    takes={
        "document": Role(kind="text", about="the page, as HTML", names=("document", "html", "page")),
        "alt": Role(kind="text", about="what the picture of the page shows", needed=False, names=("alt",)),
        "image": Role(kind="picture", about="the picture of the page", needed=False, names=("image",)),
        "title": Role(kind="text", about="where the link of the page leads", needed=False, names=("title",)),
        "infill": Role(kind="list", about="the texts at <mask:0>, <mask:1>, ... of the page", needed=False),
    },
    subjects={
        "model": SubjectRole(kind="network", about="the causal language model that is trained on", needed=False),
        "image_tokenizer": SubjectRole(kind="network", about="a VQ model of diffusers for the pictures", needed=False),
    },
    fills=("alt", "image", "title", "infill"),
    does="edits a row",
    do="do(alt=...) says what the picture of a page shows: the picture is drawn anew from that and from the rest of "
    "the page, which stays as it is.",
    verbs=("predict", "edit", "export"),
    absent={
        "counterfactual": "no noise of a picture is kept: it is drawn anew",
        "encode": "a page is filled, not turned into a vector",
        "effects": "an edit has no outcome",
        "graphs": "a page has no variables",
        "adapt": "a model goes on learning as the `model` of another fit",
    },
    extra="language",
)
