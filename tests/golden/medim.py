"""Pairs of a ward, learnt for a few steps by a small decoder with random weights, and an edit."""

from aitia.systems.medim import Medim
from aitia.worlds import WardWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = WardWorld()
    sample = world.sample(40, seed=0)
    found = [held.get("finding", "none") for held in world.attributes(sample)]
    rows = world.rows(sample).known.select(("image", "report", "domain"))
    rows = rows.with_columns({"finding": found}, {"finding": "label"})
    options = {"first_steps": 4, "steps": 6, "batch": 8, "width": 16, "layers": 1, "patch": 4, "codes": 16, "words": 16}
    model = Medim(**options, sampling_steps=4, device="cpu").fit(rows, findings="finding")
    made = model.predict({"domain": ["cxr", "path"]})
    edited = model.do("do(finding=effusion)").edit(rows.take(range(4)))
    losses = [step["loss"] for _, steps in model.training.losses for step in steps]
    reports = "; ".join((*made.texts("report"), *edited.texts("report")))
    pixels = [float(image.mean()) for image in (*made.pictures("image"), *edited.pictures("image"))]
    return {"losses": losses, "pixels": pixels, "reports": reports}
