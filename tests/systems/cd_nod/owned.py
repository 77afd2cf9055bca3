"""What the user of the page of this system has."""

import numpy as np

from aitia.data.table import Table
from aitia.data.tables import write_table


def owned(folder):
    rng = np.random.default_rng(0)
    n = 120
    dose = np.sin(np.arange(n) / 15) + 0.5 * rng.normal(size=n)
    pressure = dose + np.linspace(0, 4, n) + 0.5 * rng.normal(size=n)
    site = [f"site {k % 3}" for k in range(n)]
    table = Table.of({"day": np.arange(n) + 0.5, "dose": dose, "blood_pressure": pressure, "hospital": site})
    write_table(table, folder / "table.csv")
    return {"table": table.drop(["hospital"])}
