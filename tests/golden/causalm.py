"""CausaLM on 160 texts of the mood world with few updates, with its own and with the published options."""

from aitia.systems.causalm import PUBLISHED, CausaLM
from aitia.worlds.mood import MoodWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = MoodWorld()
    sample = world.sample(160, seed=0, env="gentle")
    texts = world.render(sample).tolist()
    names = ("mood", "gender", "place")
    rows = {"text": texts, **{n: [world.latent(n).labels[int(v)] for v in sample[n]] for n in names}}
    small = {"first_steps": 4, "steps": 3, "head_steps": 6, "width": 16, "batch": 16, "device": "cpu"}
    roles = {"label": "mood", "concept": "gender", "controls": ("place",)}
    model = CausaLM(**small, placebo=True).fit(rows, **roles)
    published = CausaLM(**{**small, **PUBLISHED, "placebo": False}).sharing(model).fit(rows, **roles)
    other = world.render(world.counterfactual(sample, {"gender": "male"})).tolist()
    asked = {name: values[:40] for name, values in rows.items()} | {"rewritten": other[:40]}
    few = {"text": texts[:3]}
    made: dict[str, list[float] | float | str] = {"classes": " ".join(map(str, model.classes))}
    for name, fitted in (("own", model), ("published", published)):
        effects = fitted.estimate(asked, resamples=50)
        made[f"{name}_effects"] = " / ".join(effect.name for effect in effects)
        made[f"{name}_estimates"] = [v for effect in effects for v in (effect.estimate, effect.low, effect.high)]
        made[f"{name}_original"] = fitted.predict_proba(few).ravel().tolist()
        made[f"{name}_counterfactual"] = fitted.do("do(gender=absent)").predict_proba(few).ravel().tolist()
        made[f"{name}_accuracy"] = fitted.do("do(gender=absent)").accuracy(rows)
    made["own_placebo"] = model.predict_proba(few, of="placebo").ravel().tolist()
    probes = model.erasure(rows)
    made["erasure_of"] = " ".join(probe.encoder for probe in probes)
    made["erasure"] = [v for p in probes for v in (p.linear, p.attention, p.chance, *p.controls.values())]
    return made
