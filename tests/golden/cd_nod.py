"""CD-NOD over sites and over time: all four phases on two small tables, the directions of phase 3 on two others."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.cd_nod import CDNOD
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
    ward = np.repeat(np.arange(20), 20)
    mean, scale, slope, offset = rng.normal(size=20), rng.uniform(0.4, 1.2, 20), rng.uniform(0.3, 1.7, 20), 1.0
    cause = 2 * mean[ward] + scale[ward] * rng.normal(size=400)
    effect = slope[ward] * cause + 2 * rng.normal(size=20)[ward] + offset + 0.5 * rng.normal(size=400)
    wards = CDNOD(test="kci", phases=3).fit(
        Table.of({"cause": cause, "effect": effect, "ward": np.array([f"w{k:02d}" for k in ward])}), context="ward"
    )
    moved = np.cumsum(rng.normal(size=150)) / 4
    clock = {"first": moved + 0.5 * rng.normal(size=150), "time": np.arange(150.0)}
    clock["second"] = clock["first"] * np.sin(clock["time"] / 15) * 2 + 0.4 * rng.normal(size=150)
    clocks = CDNOD(test="kci", phases=3).fit(Table.of(clock), context="time")
    made: dict[str, list[float] | float | str] = {}
    for name, found in (("sites", sites), ("times", times), ("wards", wards), ("clocks", clocks)):
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
