"""Generative distribution embeddings of twelve Gaussian sets, with every sampler, and of sets under interventions."""

import numpy as np

from aitia.systems.gde import GDE, PerturbationPredictor, fixed_embedding


def _sets(count: int = 12, n: int = 40) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {f"p{k}": rng.normal(size=(n, 2)) * rng.uniform(0.3, 3, 2) + 5 for k in range(count)}


def numbers() -> dict[str, list[float] | float | str]:
    sets = _sets()
    small = {"steps": 8, "batch": 4, "points": 8, "width": 16, "latents": 4}
    model = GDE(**small).fit(sets)
    assert model.history is not None
    control = sets["p0"]
    perturbed = {f"do(x1={k})": sets[f"p{k}"] for k in (1, 2, 3)}
    predictor = PerturbationPredictor(model).fit(control, perturbed)
    noise = model.noise(3, seed=2)
    made: dict[str, list[float] | float | str] = {
        "loss": [part["loss"] for part in model.history.losses],
        "latents": model.latents[:3].ravel().tolist(),
        "deviations": model.deviations[:4].tolist(),
        "encode": model.vectors(control[:20]).tolist(),
        "vector": model.vector("p3").tolist(),
        "sample": model.draw("p1", 3, seed=1).ravel().tolist(),
        "noise": [float(noise.mean()), float(noise.std())],
        "draw": model.draw("p2", noise).ravel().tolist(),
        "distances": model.distances("p1").tolist(),
        "distance": model.distance("p1", "p2"),
        "interpolate": model.interpolate("p1", "p2", 0.25).tolist(),
        "perturbation": predictor.predict("do(x1=2.5)").tolist(),
        "fixed": [
            float(v)
            for kind in ("mean", "mean and sd", "pca mean", "kernel mean")
            for v in fixed_embedding(list(sets.values()), kind, size=4)[0]
        ],
        "warnings": " ".join(model.warnings),
    }
    for sampler in ("gaussian", "flow", "diffusion", "vae"):
        other = GDE(**{**small, "steps": 3}, sampler=sampler).fit(sets)
        assert other.history is not None
        made[f"{sampler}_loss"] = other.history.losses[-1]["loss"]
        made[f"{sampler}_latents"] = other.latents[0].tolist()
        made[f"{sampler}_sample"] = other.draw("p1", 2, seed=1).ravel().tolist()
    for encoder in ("residual", "attention", "kernel mean", "moments"):
        other = GDE(**{**small, "steps": 3}, encoder=encoder).fit(sets)
        made[f"{encoder.replace(' ', '_')}_latents"] = other.latents[0].tolist()
    return made
