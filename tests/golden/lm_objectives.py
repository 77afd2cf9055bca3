"""Two small models under two objectives, and what they say of options."""

from aitia.systems.lm_objectives import LmObjectives

ROWS = {"text": ["ann lives in rome .", "bob lives in oslo .", "rome is where ann lives ."] * 10}


def numbers() -> dict[str, list[float] | float | str]:
    arms = ("cd:flm", "nd:mlm>cd:flm")
    options = {"tokens": 400, "change_tokens": 200, "width": 16, "layers": 1, "batch": 8, "device": "cpu"}
    model = LmObjectives(arms=arms, **options).fit(ROWS)
    found = model.predict({"prompt": ["bob lives in", "ann lives in"], "options": [["rome", "oslo"]] * 2})
    losses = [step["loss"] for _, steps in model.training.losses for step in steps]
    counted = [float(n) for arm in model.arms.values() for n in (arm.processed, arm.carrying)]
    return {"losses": losses, "counted": counted, "log_p": [p for row in found.lists("log p") for p in row]}
