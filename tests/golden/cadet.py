"""CADET, with its own and the published losses and without a latent, on one epoch of 160 posts."""

import numpy as np
import torch

from aitia.systems.cadet import Cadet, back_door_weights
from aitia.worlds import ModerationWorld
from aitia.worlds.moderation import TARGETS


def numbers() -> dict[str, list[float] | float | str]:
    world = ModerationWorld()
    sample = world.sample(160, seed=0, env="balanced")
    codes = {name: sample[name].astype(int) for name in ("intent", "style", "target")}
    target = np.array(TARGETS)[codes["target"]]
    rows = {"text": list(world.render(sample)), "label": codes["intent"], "style": codes["style"], "target": target}
    asked = list(world.render(world.sample(6, seed=1)))
    weights = back_door_weights(torch.from_numpy(codes["style"]), torch.from_numpy(codes["intent"]))
    made: dict[str, list[float] | float | str] = {"weights": weights[:4].tolist()}
    for variant in ("adjusted", "published", "erm"):
        model = Cadet(
            variant=variant, width=16, u_size=4, batch=32, longest=24, layers=0, pooling="mean", epochs=1,
        ).fit(rows)  # fmt: skip
        latents = model.encode({"text": asked})
        parts = {
            part: latents.matrix([n for n in latents.names if n.startswith(begin)])[:2].ravel().tolist()
            for part, begin in (
                ("motivation", "motivation"), ("target", "P(target"), ("style", "P(style"), ("platform", "platform")
            )
        }  # fmt: skip
        made[f"{variant}_loss"] = model.history.losses[-1]["loss"]
        made[f"{variant}_probability"] = model.predict_proba({"text": asked})[:, 1].tolist()
        made[f"{variant}_label"] = " ".join(model.predict({"text": asked}).known.texts("label"))
        made[f"{variant}_motivation"] = parts["motivation"]
        if variant == "erm":
            continue
        made |= {f"{variant}_{part}": parts[part] for part in ("target", "style", "platform")}
        for do in ("do(style=1)", f"do(target={TARGETS[0]})"):
            written = model.do(do).rewrite({"text": asked[:3]})
            made[f"{variant}_{do}"] = [*written.probability, *written.reconstruction_probability]
            made[f"{variant}_{do}_texts"] = " / ".join([*written.texts, *written.reconstruction])
        made[f"{variant}_threshold"] = model.threshold
    return made
