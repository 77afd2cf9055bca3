"""BOSS by each score, with knowledge and with a bootstrap, on 200 rows."""

import numpy as np

from aitia.data.table import Table
from aitia.graph import Knowledge
from aitia.systems.boss import BOSS


def numbers() -> dict[str, list[float] | float | str]:
    rng = np.random.default_rng(0)
    a = rng.normal(size=200)
    b = a + 0.7 * rng.normal(size=200)
    c = rng.normal(size=200)
    d = b + c + 0.7 * rng.normal(size=200)
    site = np.array(["n", "s", "w"], object)[rng.integers(0, 3, 200)]
    kind = np.where(a + (site == "n") + 0.5 * rng.normal(size=200) > 0.3, "yes", "no").astype(object)
    plain = BOSS(bootstrap=5, seed=3).fit(Table.of({"a": a, "b": b, "c": c, "d": d}))
    mixed = BOSS().fit(Table.of({"a": a, "site": site, "kind": kind, "c": c}))
    known = BOSS(knowledge=Knowledge(tiers=[["d"], ["a"]])).fit(plain.rows_)
    labels = BOSS().fit(Table.of({"site": site, "kind": kind, "high": np.where(a > 0, "yes", "no").astype(object)}))
    frequencies = plain.edge_frequencies_
    assert frequencies is not None
    return {
        "graph": str(plain.graph_),
        "score": plain.score_,
        "losses": list(plain.losses_.values()),
        "p_values": [record.p_value for record in plain.tests_],
        "frequencies": str(frequencies),
        "reasons": "; ".join(f"{' -> '.join(k)}: {v}" for k, v in sorted(plain.orientation_reasons_.items())),
        "mixed_graph": str(mixed.graph_),
        "mixed_losses": list(mixed.losses_.values()),
        "known_graph": str(known.graph_),
        "known_score": known.score_,
        "labels_graph": str(labels.graph_),
        "labels_losses": list(labels.losses_.values()),
    }
