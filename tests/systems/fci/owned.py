"""What the user of the page of this system has."""

import numpy as np

from aitia.data.table import Table
from aitia.data.tables import write_table


def owned(folder):
    """A dose that two causes of its own point to, so that its arrow to the recovery is visible."""
    ward, cost, noise, more = np.random.default_rng(0).normal(size=(4, 1000))
    dose = ward + cost + 0.5 * noise
    table = Table.of({"ward": ward, "cost": cost, "dose": dose, "recovery": dose + 0.5 * more})
    write_table(table, folder / "table.csv")
    return {"table": table}
