"""Decoupling of the varieties of a small language model: six updates on 52 sentences in each of three varieties."""

from aitia.nn.language import piece_tokenizer, small_decoder
from aitia.systems.alignment_hurts import Decoupling, DecouplingConfig, fine_tune
from aitia.worlds import VarietiesWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = VarietiesWorld(concepts=12, words=2)
    varieties = ("standard", "island", "west-hill")
    fact = world.sample(52, seed=0)
    said = [world.render(world.counterfactual(fact, {"variety": name})).tolist() for name in varieties]
    rows = {
        "source": world.meaning(fact) * len(varieties),
        "target": [text for texts in said for text in texts],
        "variety": [name for name in varieties for _ in range(52)],
    }
    tokenizer = piece_tokenizer([*world.glosses, *(f"[{name}]" for name in world.varieties)], world.syllables)
    start = small_decoder(tokenizer, width=16, layers=2)
    quick = {"steps": 6, "every": 3, "ramp": 2, "probe_steps": 10, "learning_rate": 1e-3, "batch": 16}
    made: dict[str, list[float] | float | str] = {}
    for name, options in {
        "published": {"strength": 0.5},
        "relative": {"strength": 0.5, "penalty": "relative", "certain": True},
        "random": {"strength": 0.5, "subspace": "random"},
        "hard": {"hard": True},
    }.items():
        found = Decoupling(DecouplingConfig(**quick), dominant="standard", most=8, **options).fit(rows, model=start)
        audit = found.audit(rows)
        made[f"{name}_loss"] = found.history.losses[-1]["loss"]
        made[f"{name}_sites"] = " ".join(layer.site for layer in audit)
        made[f"{name}_bits"] = [v for layer in audit for v in (layer.accuracy, layer.bits, layer.plain_bits)]
        made[f"{name}_energy"] = [v for layer in audit for v in layer.energy.values()]
        made[f"{name}_angle"] = [layer.angle[other] for layer in audit for other in varieties[1:]]
        made[f"{name}_distance"] = [layer.distance[other] for layer in audit for other in varieties[1:]]
        if name == "published":
            asked = {"source": rows["source"][:4], "variety": ["island"] * 4}
            made["translate"] = " / ".join(found.predict(asked).known.texts("target"))
            few = found.given({key: values[:6] for key, values in rows.items()})
            told = found.judge(few, found.given(rows))
            scores = {name.removeprefix("chrF++ of "): score.value for name, score in told.items()}
            made["score"] = list(scores.values())
            made["score_of"] = " ".join(scores)
    tuned = fine_tune(start, rows, DecouplingConfig(**quick))
    made["fine_tuned"] = [float(leaf.detach().abs().mean()) for leaf in list(tuned.model.parameters())[:6]]
    return made
