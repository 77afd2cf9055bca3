"""A labeller of a small decoder with random weights, tuned for a few steps."""

from aitia.systems.sift import Sift

ROWS = {
    "text": ["ann met bob", "bob left rome", "it rained", "ann left", "bob met ann lee", "rome is far"] * 3,
    "spans": [
        [[0, 3, "person"], [8, 11, "person"]], [[0, 3, "person"], [9, 13, "place"]], [], [[0, 3, "person"]],
        [[0, 3, "person"], [8, 15, "person"]], [[0, 4, "place"]],
    ] * 3,
}  # fmt: skip


def numbers() -> dict[str, list[float] | float | str]:
    model = Sift(steps=6, first_steps=4, width=16, layers=1, batch=4, demonstrations=1, device="cpu").fit(ROWS)
    found = model.predict({"text": ["ann met bob", "rome is far"]})
    losses = [step["loss"] for _, steps in model.training.losses for step in steps]
    spans = "; ".join(str(list(row)) for row in found.spans("spans"))
    return {"losses": losses, "log_p": [p for row in found.lists("log p") for p in row], "spans": spans}
