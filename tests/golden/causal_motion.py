"""The forecaster with style: ten updates on 120 scenes of the ORCA world, in its default and its published setting."""

from aitia.systems.causal_motion import CausalMotion
from aitia.worlds import OrcaWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = OrcaWorld((0.1, 0.5))
    sample, fresh = world.sample(120, seed=0), world.sample(6, seed=5, env="0.1")
    tracks, past, few = world.render(sample), world.render(fresh)[:, :, :4], world.render(world.sample(20, seed=8))
    model = CausalMotion(observed=4, steps=10, batch=16, width=16).fit(tracks, sample.labels)
    adapted = model.adapt(few, "other", steps=3)
    shown = model.forecast(past, few)
    published = CausalMotion(
        observed=4, steps=10, batch=16, width=16, schedule="phases", frame="plane",
    ).fit(tracks, sample.labels)  # fmt: skip
    return {
        "loss": [history.losses[-1]["loss"] for history in model.history],
        "predict": model.forecast(past, "0.1").tracks[:2].ravel()[::6].tolist(),
        "predict_with_references": shown.tracks[:2].ravel()[::6].tolist(),
        "references": shown.references,
        "styles": model.styles(few)[:2].ravel().tolist(),
        "counterfactual": model.do("do(environment='0.5')").forecast(past).tracks[:2].ravel()[::6].tolist(),
        "refine": model.refine(past, "0.5", style="0.1", steps=2, rate=1e-2).tracks[:2].ravel()[::6].tolist(),
        "environments": " ".join(adapted.environments),
        "adapted": adapted.forecast(past, "other").tracks[:2].ravel()[::6].tolist(),
        "published_loss": [history.losses[-1]["loss"] for history in published.history],
        "published_predict": published.forecast(past, "0.5").tracks[:2].ravel()[::6].tolist(),
    }
