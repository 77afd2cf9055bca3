"""The card of causal-diffae."""

from aitia.card import Card, Role, SubjectRole

__all__ = ["CARD"]

CARD = Card(
    slug="causal-diffae",
    title="Causal Diffusion Autoencoders: Toward Counterfactual Generation via Diffusion Probabilistic Models",
    authors=("Komanduri", "Zhao", "Chen", "Wu"),
    year=2024,
    venue="ECAI",
    task="what a picture would be under another cause, drawn by a diffusion model; labels may be missing in rows",
    claim="Of the noise that inverts a picture, drawn under causes whose descendants follow, comes the picture that "
    "would have been: nearer to it than what noised pictures, fresh noise, unmoved descendants, a conditional "
    "diffusion model and CausalVAE give.",
    source="https://arxiv.org/abs/2404.17735",
    home="model:CausalDiffae",
    takes={
        "image": Role(kind="picture", about="the pictures"),
        "cause": Role(
            kind="number",
            about="labels that are causes, missing in some rows or not; those of the graph, or all numbers, where "
            "nobody says which",
            needed=False,
            many=True,
        ),
    },
    subjects={
        "unet": SubjectRole(
            kind="network", about="a pipeline folder of diffusers whose UNet2DModel is trained on", needed=False
        ),
        "vae": SubjectRole(
            kind="network",
            about="a folder of an AutoencoderKL of diffusers, in whose latents pictures are diffused",
            needed=False,
        ),
    },
    fills=("image", "cause"),
    does="sets a variable",
    do="do(CAUSE=v) sets a cause; its effects by the graph that is given or learnt follow, and the picture is drawn "
    "anew from the noise that inverts it.",
    verbs=("predict", "counterfactual", "encode", "graphs"),
    absent={
        "edit": "it draws the whole picture, also where nothing was to change",
        "effects": "aitia.effect contrasts do(a) and do(b) on the causes, by solve",
    },
    extra="vision",
)
