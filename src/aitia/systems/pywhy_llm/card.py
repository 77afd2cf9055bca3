"""The card of pywhy-llm."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="pywhy-llm",
    title="Causal Reasoning and Large Language Models: Opening a New Frontier for Causality",
    authors=("Kiciman", "Ness", "Sharma", "Tan"),
    year=2024,
    venue="TMLR",
    task="what a language model knows of the direction between named variables, as knowledge that data can refute",
    claim="Answers of a language model orient what data leave open; where the data say otherwise they are dropped, so "
    "that a model that knows nothing does no harm.",
    source="https://arxiv.org/abs/2305.00050",
    home="model:PywhyLlm",
    takes={
        "x": Role(kind="text", about="name of one variable", names=("x", "name1", "first")),
        "y": Role(kind="text", about="name of the other", names=("y", "name2", "second")),
        "x_about": Role(kind="text", about="what the first one is", needed=False, names=("x_about", "desc1")),
        "y_about": Role(kind="text", about="what the second one is", needed=False, names=("y_about", "desc2")),
        "answer": Role(kind="label", about="->, <- or neither", needed=False, names=("answer", "truth")),
    },
    subjects={"model": SubjectRole(kind="client", about="the language model that is asked")},
    fills=("answer",),
    does="edits a row",
    do="do(order=swapped) asks about the pair the other way round, do(wording=changes) in other words, "
    "do(names=permuted) about the names of other rows, do(names=coined) under words that mean nothing.",
    verbs=("predict", "edit", "effects", "graphs"),
    absent={
        "counterfactual": "a question has no noise of its own: asked again in other words, it is another question",
        "encode": "a pair of names has an answer, not a vector",
        "export": "what was learnt is own `knowledge`: a file that a search reads",
        "adapt": "nothing is trained",
    },
    extra="ask",
)
