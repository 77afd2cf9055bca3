"""The card of corr2cause."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="corr2cause",
    title="Can Large Language Models Infer Causation from Correlation?",
    authors=("Jin", "Liu", "Lyu", "Poff", "Sachan", "Mihalcea", "Diab", "Scholkopf"),
    year=2024,
    venue="ICLR",
    task="whether a causal statement follows from correlations: questions with exact labels, and models scored on them",
    claim="A model that was trained on questions from correlation to causation answers those of its own wording, and "
    "fails when the variables are called otherwise.",
    source="https://arxiv.org/abs/2306.05836",
    home="model:Corr2Cause",
    takes={
        "premise": Role(kind="text", about="what is stated of the variables", needed=False, names=("premise",)),
        "question": Role(
            kind="text", about="the hypothesis, or the question about it", needed=False,
            names=("question", "hypothesis"),
        ),
        "input": Role(kind="text", about="premise and hypothesis in one text", needed=False, names=("input",)),
        "label": Role(
            kind="label", about="whether it follows: Yes or No, 1 or 0, entailment or not", needed=False,
            names=("label", "relation"),
        ),
        "group": Role(kind="label", about="the class: its questions stay together", needed=False, names=("group",)),
    },
    subjects={"model": SubjectRole(kind="client", about="the language model that is asked, or tuned", needed=False)},
    fills=("label",),
    does="edits a row",
    do="asks the same question otherwise: other names of the variables, or the other wording of the hypothesis. The "
    "label stays as it is.",
    verbs=("predict", "edit", "effects"),
    absent={
        "counterfactual": "a text keeps no noise: the world of questions writes the very question that would have been",
        "encode": "a question becomes an answer, not a vector",
        "graphs": "a premise leaves a class of graphs, of which it is asked what holds in all",
    },
    extra="data",
)  # fmt: skip
