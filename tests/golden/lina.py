"""What a small painter of random weights draws with every strength, and what a policy makes of planted marks."""

import numpy as np

from aitia.nn.text_to_image import PainterConfig, small_text_to_image
from aitia.systems.lina.drawing import Strengths, drawn
from aitia.systems.lina.policy import learn_policy, pooled, shrunk
from aitia.systems.lina.prompts import prompted


def numbers() -> dict[str, list[float] | float | str]:
    config = PainterConfig(size=8, channels=(8, 16), width=16, layers=1, noise_steps=40)
    painter = small_text_to_image(("a", "red", "blue", "ring"), config)
    said = prompted(painter, ["a red ring", "a blue ring"], ["red", "blue"], ["a blue ring", ""])
    noise = painter.noise(2, 0)
    ways = (Strengths(1), Strengths(3), Strengths(2, 0.5), Strengths(2, 0.0, 0.5), Strengths(2, spacing=2.0))
    means = [drawn(painter, said, noise, one, 4).mean((1, 2, 3)).tolist() for one in ways]
    rng = np.random.default_rng(0)
    h = rng.standard_normal((40, 5))
    marks = h[:, :3, None] + rng.standard_normal((40, 3, 4))
    policy = learn_policy(h, marks.mean(2), np.arange(40) // 2, 4)
    own, kept = shrunk(policy, h, marks)
    return {
        "pictures": [value for pair in means for value in pair],
        "pooled": pooled(said.said).mean(0).tolist(),
        "policy": policy.scores(h[:5]).ravel().tolist(),
        "shrunk": own[:5].ravel().tolist(),
        "kept": kept,
    }
