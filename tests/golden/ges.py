"""GES on numbers, on labels and with knowledge, on 200 rows."""

import numpy as np

from aitia.data.table import Table
from aitia.graph import Knowledge
from aitia.systems.ges import GES


def numbers() -> dict[str, list[float] | float | str]:
    rng = np.random.default_rng(0)
    a = rng.normal(size=200)
    b = a + 0.7 * rng.normal(size=200)
    c = rng.normal(size=200)
    d = b + c + 0.7 * rng.normal(size=200)
    table = Table.of({"a": a, "b": b, "c": c, "d": d})
    words = {name: np.where(table.column(name) > 0, "high", "low").astype(object) for name in table.names}
    plain = GES().fit(table)
    labels = GES(prior=1.0).fit(Table.of(words))
    counted = GES(score="bic", penalty=1.0).fit(Table.of(words))
    known = GES(knowledge=Knowledge(required=[("d", "a")])).fit(table)
    return {
        "graph": str(plain.graph_),
        "score": plain.score_,
        "losses": list(plain.losses_.values()),
        "p_values": [record.p_value for record in plain.tests_],
        "labels_graph": str(labels.graph_),
        "labels_losses": list(labels.losses_.values()),
        "counted_graph": str(counted.graph_),
        "counted_score": counted.score_,
        "known_graph": str(known.graph_),
        "known_score": known.score_,
    }
