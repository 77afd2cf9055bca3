"""The card of ume-r1."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="ume-r1",
    title="UME-R1: Exploring Reasoning-Driven Generative Multimodal Embeddings",
    authors=("Lan", "Niu", "Meng", "Zhou", "Su"),
    year=2026,
    venue="ICLR",
    task="embeddings of pictures and texts, in one pass or after a reasoning that can be read; what belongs together",
    claim="A model that writes a reasoning before it embeds finds what belongs to a query better than one that is "
    "trained to embed alone, the better of both is better still, and rewards for retrieval improve the reasoning.",
    source="https://arxiv.org/abs/2511.00405",
    home="model:UmeR1",
    takes={
        "text": Role(kind="text", about="the words of a query", needed=False, names=("text", "query")),
        "pictures": Role(kind="picture", about="the pictures of a query, in order", needed=False, many=True, rest=True),
        "instruction": Role(kind="text", about="what is asked of them", needed=False, names=("instruction",)),
        "positive": Role(kind="text", about="what belongs to the query, in words", needed=False, names=("target",)),
        "positive_pictures": Role(
            kind="picture", about="the pictures of what belongs to it", needed=False, many=True,
            names=("positive_picture", "target_image"),
        ),
        "reasoning": Role(kind="text", about="the reasoning over the query", needed=False),
        "answer": Role(kind="text", about="the query in a word or sentence", needed=False),
        "positive_reasoning": Role(kind="text", about="the reasoning over what belongs to it", needed=False),
        "positive_answer": Role(kind="text", about="the same in a word or sentence", needed=False),
        "meaning": Role(
            kind="label", about="what query and target mean: targets of one meaning are as good as each other",
            needed=False,
        ),
        "task": Role(kind="label", about="the kind of query; rows of one are held against each other", needed=False),
    },
    subjects={"model": SubjectRole(kind="network", about="the causal language model that is trained", needed=False)},
    fills=("reasoning", "answer", "positive"),
    does="sets a variable",
    do="do(reasoning=WORDS) puts them in the place of the reasoning of each query, `absent` leaves it out, `filler` is "
    "as many tokens that say nothing; answer and embedding follow.",
    verbs=("predict", "encode", "export"),
    absent={
        "counterfactual": "words that were drawn are not kept, and no noise of a row",
        "edit": "pictures and words of a query are not touched",
        "effects": "contrast the answers under two reasonings",
        "graphs": "a reasoning is no graph",
    },
    extra="language",
)  # fmt: skip
