"""A reasoner and editors trained for a few steps on a pendulum in the sun."""

from aitia.systems.vqai import Vqai
from aitia.worlds import WhatIfWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = WhatIfWorld()
    rows = world.rows(world.sample(40, seed=0), 8)
    model = Vqai(steps=12, reasoner_steps=12, batch=8, width=6, pixels=8, device="cpu").fit(rows)
    asked = world.rows(world.sample(4, seed=1), 8).known.drop(["answer", "after"])
    latent = model.with_guide("latent", rows)
    codes = model.encode(asked)
    return {
        "losses": [step["loss"] for one in (model, latent) for _, steps in one.training.losses for step in steps],
        "codes": codes.matrix(codes.names)[:, :8].ravel().tolist(),
        "answers": "; ".join(model.predict(asked).texts("answer")),
        "drawn": [float(x) for x in model.predict(asked).pictures("after").mean(axis=(1, 2, 3))],
        "drawn by the latent": [float(x) for x in latent.predict(asked).pictures("after").mean(axis=(1, 2, 3))],
    }
