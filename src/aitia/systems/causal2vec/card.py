"""The card of causal2vec."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="causal2vec",
    title="Causal2Vec: Improving Decoder-only LLMs as Versatile Embedding Models through a Contextual Token",
    authors=("Lin",),
    year=2025,
    venue="arXiv",
    task="texts as vectors, by a causal language model with one token in front that has read the whole text",
    claim="A causal language model with a contextual token in front, read out at that token and at the end, embeds"
    " texts better than its last token, as well as with the text given twice, at half its tokens, and better than the"
    " encoder that makes the token.",
    source="https://arxiv.org/abs/2507.23386",
    home="model:Causal2Vec",
    takes={
        "text": Role(kind="text", about="the text, or the query", names=("query",)),
        "positive": Role(kind="text", about="what a query is to find", needed=False),
        "negatives": Role(kind="list", about="texts that it is not to find, though they are near", needed=False),
        "negative": Role(kind="text", about="the same, one a column", needed=False, many=True),
        "instruction": Role(kind="text", about="what stands before a query, such as its task", needed=False),
    },
    subjects={
        "model": SubjectRole(kind="network", about="the causal language model that embeds", needed=False),
        "encoder": SubjectRole(kind="network", about="the encoder that makes the contextual token", needed=False),
    },
    fills=("positive",),
    does="replaces a state",
    do="do(contextual=usual) puts the mean of the contextual tokens of the fit in the place of each text's own, and "
    "do(contextual=zero) puts nothing there: what then changes in an embedding came through that token.",
    verbs=("predict", "encode", "export"),
    absent={
        "counterfactual": "another text is another row: no noise of it is kept",
        "edit": "no text is written anew",
        "effects": "what a replaced token does is asked of two encodings",
        "graphs": "the units of an embedding are no variables",
    },
    extra="language",
)
