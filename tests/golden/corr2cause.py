"""Questions, their labels, and a memoriser of a few trees."""

from aitia.systems.corr2cause import Corr2Cause
from aitia.worlds import Corr2CauseWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = Corr2CauseWorld(least=3, most=4, seed=1)
    sample = world.every(1)
    rows = world.rows(sample).known.select(["premise", "question", "label", "group"])
    model = Corr2Cause(method="memoriser", trees=5).fit(rows.take(range(0, 800, 2)))
    found = model.predict(rows.take(range(1, 41, 2)).drop(["label"]))
    return {
        "entailed": float(sample["label"].mean()),
        "p": [float(p) for p in found.column("p(yes)")],
        "derived": " ".join(map(str, found.labels("derived"))),
        "asked": rows.texts("question")[500],
    }
