"""A small network trained for a few steps on clips."""

from aitia.systems.ireason import Ireason
from aitia.systems.ireason.scoring import interchanged
from aitia.worlds import ClipsWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = ClipsWorld()
    rows = world.rows(world.sample(40, seed=0), size=24)
    model = Ireason(context="colours", steps=12, batch=16, width=8, device="cpu").fit(rows)
    read = model.read(world.rows(world.sample(4, seed=1), size=24))
    fall = interchanged(model.need_network(), read.pairs, model.codes_of(read.pairs.sentences), others=2)
    return {
        "losses": [step["loss"] for _, steps in model.training.losses for step in steps],
        "scores": model.scores(read).tolist(),
        "without words": model.do(text="absent").scores(read).tolist(),
        "boxes": read.pairs.looks.boxes[read.pairs.seen[0, 0]].reshape(-1).tolist(),
        "interchange": fall[0].tolist(),
        "names": ", ".join(model.names),
        "pmi": model.counts.pmi(read.pairs).tolist(),
    }
