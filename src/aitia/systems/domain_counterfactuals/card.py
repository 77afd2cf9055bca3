"""The card of domain-counterfactuals."""

from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="domain-counterfactuals",
    title="Towards Characterizing Domain Counterfactuals for Invertible Latent Causal Models",
    authors=("Kulinski", "Zhou", "Bai", "Kocaoglu", "Inouye"),
    year=2024,
    venue="ICLR",
    task="what a row would have been in another domain, from unpaired rows",
    claim="A model whose last k mechanisms alone depend on the domain errs less on domain counterfactuals than one "
    "without that sparsity.",
    source="https://arxiv.org/abs/2306.11281",
    home="model:DomainCounterfactuals",
    takes={
        "domain": Role(kind="label", about="the domain of a row", names=("environment", "env", "domain")),
        "image": Role(kind="picture", about="the pictures, where the rows are pictures", needed=False),
        "variables": Role(
            kind="number", about="the numbers of a row, where it is no picture", needed=False, many=True, rest=True
        ),
    },
    fills=("image", "variables"),
    does="sets a variable",
    do="do(COLUMN=LABEL), COLUMN that of the domains, moves a row to another domain with its noise kept; an empty row "
    "is drawn from that domain.",
    verbs=("predict", "counterfactual", "encode"),
    absent={
        "edit": "a row is solved again as a whole: no part of it is sure to stay",
        "effects": "aitia.effect contrasts two domains, by solve on rows and by sample without",
        "graphs": "the graph of the latents is not identified, and the answers do not need it",
    },
    extra="nets",
)
