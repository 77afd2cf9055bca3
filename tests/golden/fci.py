"""FCI with Fisher's z on 200 rows of five linear variables, of which two have a hidden cause in common."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.fci import FCI


def numbers() -> dict[str, list[float] | float | str]:
    rng = np.random.default_rng(0)
    a, b, hidden = rng.normal(size=(3, 200))
    x = a + hidden + 0.5 * rng.normal(size=200)
    y = b - hidden + 0.5 * rng.normal(size=200)
    z = y + 0.5 * rng.normal(size=200)
    table = Table.of({"a": a, "x": x, "y": y, "b": b, "z": z})
    found = FCI(alpha=0.01, test="fisher-z", bootstrap=5, seed=1).fit(table)
    voted = FCI(test="fisher-z", colliders="majority", record="all").fit(table)
    return {
        "graph": str(found.graph_),
        "tests": float(found.skeleton_.count),
        "p_values": [record.p_value for record in found.tests_],
        "reasons": "; ".join(f"{' -> '.join(k)}: {v}" for k, v in sorted(found.orientation_reasons_.items())),
        "frequencies": str(found.edge_frequencies_),
        "voted_graph": str(voted.graph_),
        "voted_p_values": [record.p_value for record in voted.tests_],
    }
