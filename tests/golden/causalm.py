"""CausaLM on 160 texts of the mood world with few updates, with its own and with the published options."""

from aitia.systems.causalm import PUBLISHED, CausaLM
from aitia.worlds.mood import MoodWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = MoodWorld()
    sample = world.sample(160, seed=0, env="gentle")
    texts = world.render(sample).tolist()
    labels = {name: [world.latent(name).labels[int(v)] for v in sample[name]] for name in ("mood", "gender", "place")}
    mood = labels.pop("mood")
    small = {
        "treated": "gender", "controls": ("place",), "first_steps": 4, "steps": 3, "head_steps": 6, "width": 16,
        "batch": 16, "device": "cpu",
    }  # fmt: skip
    model = CausaLM(**small, placebo=True).fit(texts, mood, labels)
    published = CausaLM(**{**small, **PUBLISHED, "placebo": False}).fit(texts, mood, labels, shared=model)
    asked = {name: values[:40] for name, values in labels.items()}
    other = world.render(world.counterfactual(sample, {"gender": "male"})).tolist()
    made: dict[str, list[float] | float | str] = {"classes": " ".join(map(str, model.classes))}
    for name, fitted in (("own", model), ("published", published)):
        effects = fitted.estimate(texts[:40], asked, counterfactual=other[:40], resamples=50)
        made[f"{name}_effects"] = " / ".join(effect.name for effect in effects)
        made[f"{name}_estimates"] = [v for effect in effects for v in (effect.estimate, effect.low, effect.high)]
        made[f"{name}_original"] = fitted.predict_proba(texts[:3], "original").ravel().tolist()
        made[f"{name}_counterfactual"] = fitted.predict_proba(texts[:3]).ravel().tolist()
        made[f"{name}_accuracy"] = fitted.accuracy(texts, mood)
    made["own_placebo"] = model.predict_proba(texts[:3], "placebo").ravel().tolist()
    probes = model.erasure(texts, labels)
    made["erasure_of"] = " ".join(probe.encoder for probe in probes)
    made["erasure"] = [v for p in probes for v in (p.linear, p.attention, p.chance, *p.controls.values())]
    return made
