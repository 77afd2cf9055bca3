"""Information minimisation in every variant on 80 rows of features, and on a small network that it taps."""

import numpy as np
import torch
from torch import nn

from aitia.systems.causal_info_min import CausalInfoMin, sufficiency


def _rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 12)).astype(np.float32)
    return x, np.array(["no", "perhaps", "yes"])[np.argmax(x[:, :3], axis=1)]


def numbers() -> dict[str, list[float] | float | str]:
    (x, y), held = _rows(80, 0), _rows(40, 1)
    quick = {"steps": 4, "branch_steps": 4, "batch": 16, "kl_weights": (0.1, 0.5)}
    made: dict[str, list[float] | float | str] = {}
    for variant in (
        "plain",
        "product",
        "total-effect-published",
        "total-effect-adjusted",
        "treatment-effect-attenuate",
        "treatment-effect-augment",
        "treatment-effect-contrast",
    ):
        expert = np.full((80, 3), 1 / 3) if variant == "product" else None
        model = CausalInfoMin(variant=variant, dictionary=6, **quick).fit(x, y, validation=held, expert=expert)
        made[f"{variant}_loss"] = model.history.losses[-1]["loss"]
        made[f"{variant}_predict"] = model.predict(held[0][:2]).ravel().tolist()
        if variant.startswith("total-effect"):
            made[f"{variant}_bias"] = model.bias(held[0][:2]).ravel().tolist()
            made[f"{variant}_confounder"] = model.confounder(held[0][:2]).ravel().tolist()
        if variant == "total-effect-adjusted":
            told = model.sufficiency(*held, types=np.arange(40) % 2)
            made["answer"] = " ".join(map(str, model.answer(held[0][:6])))
            made["biased"] = model.biased(held[0][:2]).ravel().tolist()
            made["evaluate"] = list(model.evaluate({"held": held, "other": _rows(30, 2)}).values())
            made["sufficiency"] = [told.accuracy_ratio, told.chosen_probability]
            made["tried"] = str([tried.kl_weight for tried in model.tried])
            made["by_hand"] = sufficiency(
                model.bias(held[0]), model.predict(held[0]), np.eye(3)[np.arange(40) % 3]
            ).chosen_probability
            made["warnings"] = " ".join(model.warnings)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
    tapped = CausalInfoMin(**quick, bottleneck=2).debias(
        network, {"input": x}, y, feature="1", validation=({"input": held[0]}, held[1])
    )
    made["tapped_predict"] = tapped.predict({"input": held[0][:2]}).ravel().tolist()
    made["tapped_confounder"] = tapped.confounder({"input": held[0][:1]}).ravel().tolist()
    return made
