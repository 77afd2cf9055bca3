"""DirectLiNGAM, with knowledge and without, on 300 rows of five variables."""

import numpy as np

from aitia.graph import Knowledge
from aitia.systems.direct_lingam import DirectLiNGAM


def numbers() -> dict[str, list[float] | float | str]:
    rng = np.random.default_rng(0)
    a, c = rng.uniform(-1, 1, (2, 300))
    b = a + 0.7 * rng.laplace(size=300)
    d = b + c + 0.7 * rng.exponential(size=300)
    e = 0.5 * d - a + rng.uniform(-1, 1, 300)
    table = {"e": e, "d": d, "c": c, "b": b, "a": a}
    plain = DirectLiNGAM(bootstrap=5).fit(table)
    known = DirectLiNGAM(knowledge=Knowledge(tiers=[["e"], ["d"]])).fit(table)
    frequencies = plain.edge_frequencies_
    assert frequencies is not None
    return {
        "order": ", ".join(plain.order_),
        "graph": str(plain.graph_),
        "score": plain.score_,
        "losses": list(plain.losses_.values()),
        "frequencies": str(frequencies),
        "known_order": ", ".join(known.order_),
        "known_graph": str(known.graph_),
    }
