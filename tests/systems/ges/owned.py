"""What the user of the page of this system has."""

import numpy as np

from aitia.data.table import Table
from aitia.data.tables import write_table


def owned(folder):
    a, b, c = np.random.default_rng(0).normal(size=(3, 300))
    table = Table.of({"dose": a, "recovery": a + b, "stay": c - a - b})
    write_table(table, folder / "table.csv")
    return {"table": table}
