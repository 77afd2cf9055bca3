"""An embedder of two small models with random weights, trained for a few steps."""

from aitia.systems.causal2vec import Causal2Vec

ROWS = {
    "text": ["ann met bob", "bob met ann", "ann left rome", "bob left"],
    "positive": ["bob was met by ann", "ann was met by bob", "rome was left by ann", "by bob left"],
    "negatives": [["ann was met by bob"], ["bob was met by ann"], [], ["by ann left"]],
}


def numbers() -> dict[str, list[float] | float | str]:
    sizes = {"width": 16, "layers": 1, "encoder_width": 8, "encoder_layers": 1, "batch": 4}
    model = Causal2Vec(steps=6, first_steps=4, device="cpu", **sizes).fit(ROWS)
    losses = [step["loss"] for _, steps in model.training.losses for step in steps]
    near = model.similarities(["ann met rome", "bob"], ROWS["positive"])
    replaced = model.do("do(contextual=usual)").similarities(["ann met rome"], ROWS["positive"])
    return {"losses": losses, "cosines": near.flatten().tolist(), "replaced": replaced.flatten().tolist()}
