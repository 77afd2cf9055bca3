"""The card of axiomatic-training."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="axiomatic-training",
    title="Teaching Transformers Causal Reasoning through Axiomatic Training",
    authors=("Vashishtha", "Kumar", "Pandey", "Reddy", "Ahuja", "Balasubramanian", "Sharma"),
    year=2025,
    venue="ICML",
    task="a decoder that learns a rule about causal graphs from examples, with its accuracy on graphs it never saw",
    claim="A decoder without positions that learnt transitivity from chains of at most 6 nodes answers for chains of "
    "10, told in either direction, above every rule that follows no path; learned positions lose the far yes.",
    source="https://arxiv.org/abs/2407.07612",
    home="model:AxiomaticTraining",
    takes={
        "premise": Role(kind="text", about="edges, 'X causes Y.' each", needed=False, names=("premise",)),
        "question": Role(kind="text", about="'Does X cause Y?', or of d-separation", needed=False, names=("question",)),
        "prompt": Role(kind="text", about="premise and question in one", needed=False, names=("prompt",)),
        "label": Role(kind="label", about="Yes or No", needed=False, names=("label", "answer", "completion")),
    },
    subjects={
        "model": SubjectRole(
            kind="network", about="a language model that is tuned in place of a small decoder", needed=False
        ),
        "client": SubjectRole(
            kind="client", about="a language model that is asked the same, to stand beside", needed=False
        ),
    },
    fills=("label",),
    does="edits a row",
    do="do(names=permuted | longer) renames the nodes of a premise, do(order=reversed | shuffled) tells its edges in "
    "another order; the answer stays true.",
    verbs=("predict", "edit", "effects", "adapt", "export"),
    absent={
        "counterfactual": "another premise is another row: no noise of it is kept",
        "encode": "a question becomes an answer, not a vector",
        "graphs": "the graph is told in the premise, it is not found",
    },
    extra="language",
)
