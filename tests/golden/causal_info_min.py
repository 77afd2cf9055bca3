"""Information minimisation in every variant on 80 rows of features, and on a small network that it taps."""

import numpy as np
import torch
from torch import nn

from aitia.data.table import Table
from aitia.systems.causal_info_min import CausalInfoMin, sufficiency


def _rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 12)).astype(np.float32)
    return x, np.array(["no", "perhaps", "yes"])[np.argmax(x[:, :3], axis=1)]


def numbers() -> dict[str, list[float] | float | str]:
    held, expert = _rows(40, 1), np.full((80, 3), 1 / 3)
    first, few, six, one = held[0], held[0][:2], held[0][:6], held[0][:1]
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
        model = CausalInfoMin(variant=variant, dictionary=6, **quick).fit(
            _table({"features": 0}, {"expert": np.concatenate([expert, expert[:40]])} if variant == "product" else {})
        )
        made[f"{variant}_loss"] = model.history.losses[-1]["loss"]
        made[f"{variant}_predict"] = model.predict_proba({"features": few}).ravel().tolist()
        if variant.startswith("total-effect"):
            made[f"{variant}_bias"] = model.bias({"features": few}).ravel().tolist()
            made[f"{variant}_confounder"] = model.encode({"features": few}).matrix().ravel().tolist()
        if variant == "total-effect-adjusted":
            kinds = [str(k) for k in np.arange(40) % 2]
            told = model.sufficiency({"features": first, "answer": held[1], "kind": kinds})
            made["answer"] = " ".join(model.predict({"features": six}).known.texts("answer"))
            made["biased"] = model.biased({"features": few}).ravel().tolist()
            splits = {"held": held, "other": _rows(30, 2)}
            asked = {name: {"features": x, "answer": y} for name, (x, y) in splits.items()}
            made["evaluate"] = list(model.evaluate(asked).values())
            made["sufficiency"] = [told.accuracy_ratio, told.chosen_probability]
            made["tried"] = str([tried.kl_weight for tried in model.tried])
            made["by_hand"] = sufficiency(
                model.bias({"features": first}), model.predict_proba({"features": first}), np.eye(3)[np.arange(40) % 3]
            ).chosen_probability
            made["warnings"] = " ".join(model.warnings)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3))
    tapped = CausalInfoMin(**quick, bottleneck=2, feature="1").debias(network, _table({"input": 0}, {}))
    made["tapped_predict"] = tapped.predict_proba({"input": few}).ravel().tolist()
    made["tapped_confounder"] = tapped.confounder({"input": one}).ravel().tolist()
    return made


def _table(named: dict[str, int], more: dict[str, np.ndarray]) -> Table:
    """80 rows to train on and 40 for validation, with the features under this name."""
    (x, y), (z, w) = _rows(80, 0), _rows(40, 1)
    split = ["train"] * 80 + ["validation"] * 40
    return Table.of(
        {**dict.fromkeys(named, np.concatenate([x, z])), "answer": np.concatenate([y, w]), "split": split, **more}
    )
