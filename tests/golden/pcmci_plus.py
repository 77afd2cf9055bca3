"""PCMCI+ with partial correlation and with a kernel test, on 200 steps of three linear variables."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.pcmci_plus import PCMCIPlus


def numbers() -> dict[str, list[float] | float | str]:
    rng = np.random.default_rng(0)
    x, y, z = np.zeros((3, 200))
    for t in range(2, 200):
        x[t] = 0.5 * x[t - 1] + rng.normal()
        y[t] = 0.4 * y[t - 1] + 0.6 * x[t - 2] + rng.normal()
        z[t] = 0.6 * y[t] + 0.3 * z[t - 1] + rng.normal()
    table = Table.of({"day": np.arange(200.0), "x": x, "y": y, "z": z})
    found = PCMCIPlus(lags=2, alpha=0.01, bootstrap=5, seed=1).fit(table, time="day")
    kernel = PCMCIPlus(lags=1, alpha=0.01, test="rcit").fit(table, time="day")
    return {
        "graph": str(found.graph_),
        "tests": float(found.skeleton_.count),
        "strengths": list(found.strengths_.values()),
        "p_values": [record.p_value for record in found.tests_],
        "asked": "; ".join(f"{record.x} {record.y} | {' '.join(record.given)}" for record in found.tests_),
        "frequencies": str(found.edge_frequencies_),
        "kernel_graph": str(kernel.graph_),
    }
