"""What the user of the page of this system has."""

import numpy as np

from aitia.data.table import Table
from aitia.data.tables import write_table


def owned(folder):
    rng = np.random.default_rng(0)
    rows = {f"c{k:02d}": rng.normal(size=(80, 2)) + k for k in range(1, 9)}
    moved = {"control": [0.0, 0.0], "a": [1.0, 0.0], "b": [2.0, 0.0], "c": [0.0, 1.0]}
    rows |= {name: rng.normal(size=(80, 2)) + np.array(by) for name, by in moved.items()}
    values = np.concatenate(list(rows.values()))
    table = Table.of({"clone": np.repeat(list(rows), 80), "x1": values[:, 0], "x2": values[:, 1]})
    write_table(table, folder / "cells.csv")
    return {"table": table, "new_rows": values[:5]}
