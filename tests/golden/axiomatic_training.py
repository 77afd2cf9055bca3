"""A decoder with random weights that learnt from questions about small chains for a few steps."""

from aitia.systems.axiomatic_training import AxiomaticTraining
from aitia.worlds import AxiomsWorld
from aitia.worlds.axiom_items import Item

CHAIN = (("a", "b"), ("b", "c"), ("c", "d"))


def numbers() -> dict[str, list[float] | float | str]:
    world = AxiomsWorld(least=2, most=4)
    rows = world.rows(world.sample(120, seed=0))
    model = AxiomaticTraining(steps=8, width=16, layers=1, batch=8, device="cpu").fit(rows)
    losses = [step["loss"] for _, steps in model.training.losses for step in steps]
    odds = model.log_odds([Item(CHAIN, "a", "d"), Item(CHAIN, "d", "a"), Item(CHAIN, "b", "c")])
    return {"losses": losses, "log_odds": odds.tolist(), "text": str(world.render(world.sample(1, seed=0))[0])}
