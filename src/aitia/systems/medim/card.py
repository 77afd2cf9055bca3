"""The card of medim."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD", "NO_DEVICE"]

NO_DEVICE = (
    "This is no medical device: what it makes is drawn from a statistical model, shows no patient, and is not for "
    "diagnosis, treatment or any other care."
)
"""Said wherever it answers."""

CARD = Card(
    slug="medim",
    title="Discrete Diffusion Models with MLLMs for Unified Medical Multimodal Generation",
    authors=("Mao",),
    year=2025,
    venue="arXiv",
    task="images and reports of several domains by one network: either from the other, joint pairs, edits; no medical "
    "device",
    claim="One discrete diffusion on a causal language model whose mask is taken away makes images, reports and pairs "
    "that agree better than with the causal mask kept, and pairs that it makes improve a model of reports.",
    source="https://github.com/UCSC-VLAA/MeDiM",
    home="model:Medim",
    takes={
        "image": Role(kind="picture", about="the image", needed=False, names=("image",)),
        "report": Role(kind="text", about="its report", needed=False, names=("report", "text", "caption")),
        "domain": Role(kind="label", about="the domain of the pair", needed=False, names=("domain",)),
        "findings": Role(kind="label", about="labels that do may set", needed=False, many=True),
    },
    subjects={
        "model": SubjectRole(kind="network", about="the causal language model that is adapted", needed=False),
        "image_tokenizer": SubjectRole(
            kind="network", about="a VQ model of diffusers in place of patches", needed=False
        ),
    },
    fills=("image", "report", "domain", "findings"),
    does="edits a row",
    do="do(COLUMN=LABEL), COLUMN one of the findings, sets the label, writes the sentences of the report anew that it "
    "contradicts and makes the patches of the image anew that follow; all else keeps its bytes.",
    verbs=("predict", "edit", "export"),
    absent={
        "counterfactual": "what is made anew is drawn anew: no noise of the row is kept",
        "encode": "pairs are made, not embedded",
        "effects": "what a label changes is seen in edited rows",
        "graphs": "tokens are no variables",
    },
    extra="language",
)
