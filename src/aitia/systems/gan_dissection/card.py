"""The card of gan-dissection."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="gan-dissection",
    title="GAN Dissection: Visualizing and Understanding Generative Adversarial Networks",
    authors=("Bau", "Zhu", "Strobelt", "Zhou", "Tenenbaum", "Freeman", "Torralba"),
    year=2018,
    venue="ICLR 2019",
    task="which units of a generator draw an object: pictures without them, with them, and where they take",
    claim="The units that agree best with an object cause it: without them it is gone from the pictures, put in they "
    "draw it where the scene allows it, and as many other units do neither.",
    source="https://arxiv.org/abs/1811.10597",
    home="model:GanDissection",
    takes={
        "latent": Role(kind="number", about="z of a row, a column a number", needed=False, many=True, rest=True),
        "image": Role(kind="picture", about="what the generator drew of it", needed=False, names=("image", "picture")),
    },
    subjects={
        "model": SubjectRole(kind="network", about="the generator, from z to pictures"),
        "segmenter": SubjectRole(kind="network", about="says which pixels show what, and chooses the units"),
        "referee": SubjectRole(kind="network", about="another segmenter, which scores them", needed=False),
    },
    fills=("image",),
    does="replaces a state",
    do="do(OBJECT=absent) sets the best units of an object to 0 everywhere, do(OBJECT=present) to their usual level at "
    "the place where it is most often; do(LAYER[unit=3+17, mask=..]=0) sets any units of a layer, with a number or one "
    "a unit.",
    verbs=("predict", "counterfactual", "effects", "export"),
    absent={
        "edit": "a picture without its latent cannot be opened",
        "encode": "a picture without its latent cannot be opened",
        "graphs": "which units draw what is a table: see effects",
    },
    extra="nets",
)
