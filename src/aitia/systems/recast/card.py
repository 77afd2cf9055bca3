"""The card of recast."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="recast",
    title="Can Large Language Models Infer Causal Relationships from Real-World Text?",
    authors=("Saklad", "Chadha", "Pavlov", "Moraffah"),
    year=2025,
    venue="arXiv",
    task="the causal graph that a text supports, with the sentence behind each edge",
    claim="The less plainly a text says its causal relations, the fewer of them are found, and which pairs are related "
    "is found more easily than which way round.",
    source="https://arxiv.org/abs/2505.18931",
    home="model:Recast",
    takes={
        "text": Role(kind="text", about="the text", names=("text", "input_text")),
        "nodes": Role(
            kind="list", about="its variables, each a name or a list of wordings", needed=False, names=("nodes",)
        ),
        "edges": Role(kind="list", about="[cause, effect] of each edge", needed=False, names=("edges",)),
    },
    subjects={"model": SubjectRole(kind="client", about="the language model that reads", needed=False)},
    fills=("edges",),
    does="edits a row",
    do='do("A -> B"=absent) takes the sentences that say this edge out of the text; every other character stays.',
    verbs=("predict", "edit", "graphs"),
    absent={
        "counterfactual": "what a text would have said without an edge, a world of reports knows",
        "encode": "a text becomes a graph, not a vector",
        "effects": "a text says that something has an effect, not how large it is",
    },
    extra="data",
)
