"""The card of lm-objectives."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="lm-objectives",
    title="What Language Model Architecture and Pretraining Objective Work Best for Zero-Shot Generalization?",
    authors=("Wang", "Roberts", "Hesslow", "Le Scao", "Chung", "Beltagy", "Launay", "Raffel"),
    year=2022,
    venue="ICML",
    task="language models of several architectures and objectives at equal tokens, and changes of one into another",
    claim="After pretraining alone a causal decoder that says every next token answers best; after finetuning on many "
    "tasks a model that learnt from masked spans does; each is made from the other sooner than from scratch.",
    source="https://arxiv.org/abs/2204.05832",
    home="model:LmObjectives",
    takes={
        "text": Role(kind="text", about="a document of the corpus", needed=False, names=("text",)),
        "prompt": Role(kind="text", about="what is asked", needed=False, names=("prompt",)),
        "options": Role(kind="list", about="what may be answered", needed=False, names=("options",)),
        "answer": Role(kind="text", about="the right answer", needed=False, names=("answer",)),
        "family": Role(kind="label", about="the kind of task", needed=False, names=("family",)),
        "split": Role(kind="label", about="`held out` keeps a task from finetuning", needed=False, names=("split",)),
    },
    subjects={"model": SubjectRole(kind="network", about="the language model that is adapted", needed=False)},
    fills=("answer",),
    do="nothing can be set: visibility, objective and loss are options of the training.",
    verbs=("predict", "adapt", "export"),
    absent={
        "counterfactual": "another prompt is another row: no noise of it is kept",
        "edit": "no text is written anew, answers are put behind prompts",
        "encode": "what is compared are answers, not the states of tokens",
        "effects": "nothing can be set",
        "graphs": "tokens are no variables",
    },
    extra="language",
)
