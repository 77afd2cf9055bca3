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
    texts, target = list(world.render(sample)), np.array(TARGETS)[codes["target"]]
    asked = list(world.render(world.sample(6, seed=1)))
    weights = back_door_weights(torch.from_numpy(codes["style"]), torch.from_numpy(codes["intent"]))
    made: dict[str, list[float] | float | str] = {"weights": weights[:4].tolist()}
    for variant in ("adjusted", "published", "erm"):
        model = Cadet(
            variant=variant, width=16, u_size=4, batch=32, longest=24, layers=0, pooling="mean", epochs=1,
        ).fit(texts, codes["intent"], style=codes["style"], target=target)  # fmt: skip
        made[f"{variant}_loss"] = model.history.losses[-1]["loss"]
        made[f"{variant}_probability"] = model.predict_proba(asked)[:, 1].tolist()
        made[f"{variant}_label"] = " ".join(map(str, model.predict(asked)))
        made[f"{variant}_motivation"] = model.encode(asked).motivation[:2].ravel().tolist()
        if variant == "erm":
            continue
        latents = model.encode(asked)
        made[f"{variant}_target"] = latents.target[:2].ravel().tolist()
        made[f"{variant}_style"] = latents.style[:2].ravel().tolist()
        made[f"{variant}_platform"] = latents.platform[:2].ravel().tolist()
        for do in ("do(style=1)", f"do(target={TARGETS[0]})"):
            written = model.counterfactual(asked[:3], do)
            made[f"{variant}_{do}"] = [*written.probability, *written.reconstruction_probability]
            made[f"{variant}_{do}_texts"] = " / ".join([*written.texts, *written.reconstruction])
        made[f"{variant}_threshold"] = model.threshold
    return made
