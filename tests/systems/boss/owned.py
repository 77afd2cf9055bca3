"""What the user of the page of this system has."""

import numpy as np

from aitia.data.table import Table
from aitia.data.tables import write_table


def owned(folder):
    season, rain, water = np.random.default_rng(0).integers(0, 2, size=(3, 300))
    rain = np.where(season == 1, rain, 0)
    words = {"season": season, "rain": rain, "water": rain | (water & season)}
    labels = Table.of({name: np.array(["no", "yes"])[column] for name, column in words.items()})
    write_table(labels, folder / "table.csv")
    (folder / "tiers.txt").write_text("tier: season\ntier: *\n")
    rain, sun, noise = np.random.default_rng(1).normal(size=(3, 300))
    return {"table": Table.of({"rain": rain, "sun": sun, "water": rain - sun + noise})}
