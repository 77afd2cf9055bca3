"""The card of lina."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="lina",
    title="LINA: Learning INterventions Adaptively for Physical Alignment and Generalization in Diffusion Models",
    authors=("Yu", "Lu"),
    year=2025,
    venue="arXiv",
    task="pictures of prompts that a model gets wrong, drawn with strengths of guidance that suit each prompt",
    claim="Strengths of guidance chosen for each prompt by what was learnt on other prompts draw unusual combinations "
    "and physical consequences right more often than the best strengths that all prompts share.",
    source="https://arxiv.org/abs/2512.13290",
    home="model:Lina",
    takes={
        "prompt": Role(kind="text", about="what is to be drawn", names=("prompt", "caption")),
        "element": Role(kind="text", about="words of the prompt that must come out", needed=False),
        "instead": Role(
            kind="text", about="the prompt of what the model draws instead, to guide away from", needed=False
        ),
        "group": Role(kind="label", about="prompts of one group are learnt from together or not at all", needed=False),
        "wanted": Role(
            kind="label", about="what the picture must show, a column an attribute that the evaluator reads",
            needed=False, many=True, rest=True,
        ),
        "image": Role(kind="picture", about="what is drawn", needed=False, names=("image", "picture")),
    },
    subjects={
        "model": SubjectRole(kind="network", about="draws pictures of prompts: a pipeline folder of diffusers"),
        "evaluator": SubjectRole(kind="network", about="says what a picture shows, and chooses the strengths"),
        "referee": SubjectRole(kind="network", about="another one, which scores them", needed=False),
    },
    fills=("image",),
    do="nothing is set: guidance, push, contrast and spacing are options of the drawing, chosen for each prompt or "
    "given in the fit; what a picture shows is asked for in its prompt.",
    verbs=("predict", "encode", "effects", "export"),
    absent={
        "counterfactual": "the noise of a given picture is not known; the same seed draws the same noise",
        "edit": "pictures are drawn anew",
        "graphs": "the graph of a scene is given (graph=), not found",
    },
    extra="vision",
)  # fmt: skip
