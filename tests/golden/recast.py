"""A tagger that was taught on a few reports."""

from aitia.systems.recast import Recast
from aitia.worlds import ReportsWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = ReportsWorld(nodes=6, distractors=3)
    reader = Recast(reader="tagger").fit(world.rows(world.sample(30, seed=0, env="mixed")))
    rows = world.rows(world.sample(5, seed=1, env="mixed")).known
    read = [reader.read(t, n) for t, n in zip(rows.texts("text"), rows.lists("nodes"), strict=True)]
    assert reader.tagger is not None
    odds = [round(s.probability or 0.0, 6) for one in read for s in one.support]
    return {"probabilities": odds, "edges": "; ".join(str(one.graph) for one in read)}
