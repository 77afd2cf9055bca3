"""PC with Fisher's z, with a kernel test and with a bootstrap, on 200 rows of four linear variables."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.pc import PC


def numbers() -> dict[str, list[float] | float | str]:
    rng = np.random.default_rng(0)
    a = rng.normal(size=200)
    b = a + 0.7 * rng.normal(size=200)
    c = rng.normal(size=200)
    d = b + c + 0.7 * rng.normal(size=200)
    table = Table.of({"a": a, "b": b, "c": c, "d": d})
    plain = PC(alpha=0.01, test="fisher-z", record="all").fit(table)
    voted = PC(test="fisher-z", colliders="majority", bootstrap=10, seed=3).fit(table)
    kernel = PC(test="rcit", seed=2).fit(table)
    chosen = PC().fit(table)
    frequencies = voted.edge_frequencies_
    assert frequencies is not None
    return {
        "graph": str(plain.graph_),
        "tests": float(len(plain.tests_)),
        "p_values": [record.p_value for record in plain.tests_],
        "asked": "; ".join(f"{record.x} {record.y} | {' '.join(record.given)}" for record in plain.tests_),
        "reasons": "; ".join(f"{' -> '.join(k)}: {v}" for k, v in sorted(plain.orientation_reasons_.items())),
        "voted_graph": str(voted.graph_),
        "frequencies": str(frequencies),
        "kernel_graph": str(kernel.graph_),
        "kernel_p_values": [record.p_value for record in kernel.tests_],
        "chosen_test": chosen.test_name_,
        "chosen_reason": chosen.test_reason_,
        "chosen_graph": str(chosen.graph_),
    }
