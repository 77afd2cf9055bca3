"""Clusters, energies and draws of 60 rows in three groups, and of as many small pictures."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.gedi import Gedi

OPTIONS = {"steps": 12, "hidden": 8, "batch": 30, "walk": 2, "buffer": 30, "draw_walk": 4}


def numbers() -> dict[str, list[float] | float | str]:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 2)) + 5 * (np.arange(60) % 3)[:, None]
    model = Gedi(clusters=3, **OPTIONS).fit(rows)
    pictures = rng.integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)
    painter = Gedi(clusters=2, network="convolution", width=4, **OPTIONS).fit(pictures)
    drawn = painter.predict(Table.of({"cluster": ["c0", "c1"]}, kinds={"cluster": "label"}), seed=1)
    assert model.bound is not None
    assert model.history is not None
    return {
        "loss": [part["loss"] for part in model.history.losses],
        "bound": [model.bound.invariance, model.bound.usage],
        "codes": model.encode(rows[:4]).matrix().ravel().tolist(),
        "draws": model.sample(3, seed=1).known.matrix(model.columns).ravel().tolist(),
        "pictures": [float(one.mean()) for one in drawn.known.pictures("image").astype(float)],
        "energies": drawn.known.column("energy").tolist(),
    }
