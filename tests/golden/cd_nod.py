"""CD-NOD over eight sites of 20 rows, all four phases, and over the time of a world whose variables drift."""

import numpy as np

from aitia.learners.cd_nod import CDNOD
from aitia.table import Table
from aitia.worlds import ChainWorld


def numbers() -> dict[str, list[float] | float | str]:
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(8), 20)
    z = rng.normal(size=160)
    x = rng.normal(size=8)[site] * 2 + z + 0.6 * rng.normal(size=160)
    y = np.tanh(x) * 2 + 0.6 * rng.normal(size=160)
    table = Table.of({"x": x, "y": y, "z": z, "site": np.array([f"s{k}" for k in site])})
    sites = CDNOD(test="kci").fit(table, context="site")
    world = ChainWorld()
    times = CDNOD(test="kci").fit(world.sample(120, seed=1), context="time")
    made: dict[str, list[float] | float | str] = {}
    for name, found in (("sites", sites), ("times", times)):
        made[f"{name}_graph"] = str(found.graph_)
        made[f"{name}_augmented"] = str(found.augmented_graph_)
        made[f"{name}_changing"] = "; ".join(f"{c.variable} | {' '.join(c.given)}" for c in found.changing_)
        made[f"{name}_changing_p"] = [c.p_value for c in found.changing_]
        made[f"{name}_p_values"] = [record.p_value for record in found.tests_]
        made[f"{name}_forces"] = "; ".join(f"{k}: {' '.join(f.parents)}" for k, f in sorted(found.forces_.items()))
        for variable, force in sorted(found.forces_.items()):
            made[f"{name}_force_of_{variable}"] = np.abs(force.curves.curves[0])[:8].tolist()
            made[f"{name}_shares_of_{variable}"] = force.curves.shares[:3].tolist()
        made[f"{name}_couplings"] = [float(v) for _, pair in sorted(found.couplings_.items()) for v in pair]
        made[f"{name}_evidence"] = [float(v) for _, v in sorted(found.evidence_.items())]
        made[f"{name}_warnings"] = " ".join(found.warnings_)
    return made
