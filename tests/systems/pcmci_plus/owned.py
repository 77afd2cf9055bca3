"""What the user of the page of this system has."""

import numpy as np

from aitia.data.table import Table
from aitia.data.tables import write_table


def owned(folder):
    def series(seed, n=150):
        rng = np.random.default_rng(seed)
        sales, price = np.zeros(n), rng.normal(size=n)
        for t in range(1, n):
            sales[t] = 0.5 * sales[t - 1] - 0.7 * price[t - 1] + rng.normal()
        return {"sales": sales, "price": price}

    day = np.arange(150).astype("datetime64[D]")
    shops = [series(0), series(1)]
    for place, shop in zip(("north", "south"), shops, strict=True):
        write_table(Table.of({"day": day, **shop}), folder / f"{place}.csv")
    both = {name: np.concatenate([shop[name] for shop in shops]) for name in shops[0]}
    panel = {"day": np.tile(day, 2), "shop": np.repeat(["north", "south"], 150), **both}
    write_table(Table.of(panel), folder / "panel.csv")
    month = np.arange("2010-01", "2022-07", dtype="datetime64[M]").astype("datetime64[D]")
    table = Table.of({"month": month, **shops[0]})
    write_table(table, folder / "series.csv")
    return {"table": table}
