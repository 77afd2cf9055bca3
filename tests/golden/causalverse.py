"""Every method of causalverse: 20 steps on vectors or clips of two latents in four domains, with its score."""

import numpy as np

from aitia.systems.causalverse import (
    IDOL,
    IVAE,
    METHODS,
    TCL,
    TDRL,
    VAE,
    BetaVAE,
    CausalVerse,
    JacobianSparsity,
    MultiView,
    Observations,
    SufficientChange,
    Supervised,
    TimeIVAE,
)

STATIC = (Supervised, VAE, BetaVAE, JacobianSparsity, IVAE, SufficientChange, MultiView)
OF_TIME = (TimeIVAE, TCL, TDRL, IDOL)


def _vectors(frames: int | None = None) -> Observations:
    rng = np.random.default_rng(0)
    domain = np.arange(80) % 4
    shape = (80, 2) if frames is None else (80, frames, 2)
    z = rng.normal(size=shape) * (1.0 + domain).reshape(-1, *[1] * (len(shape) - 1))
    x = np.tanh(z @ rng.normal(size=(2, 5)))
    labels = {"a": z[..., 0], "turn": z[..., 1] % 3.0, "kind": np.array(["u", "v", "w"])[domain % 3]}
    return Observations.of(x, labels=labels, domain=domain, id=np.arange(80) // 2, angles=("turn",), source="a toy")


def _pictures() -> Observations:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    return Observations.of(x, labels={"a": rng.normal(size=40)}, source="a toy")


def numbers() -> dict[str, list[float] | float | str]:
    made: dict[str, list[float] | float | str] = {"methods": " ".join(METHODS)}
    quick = {"steps": 20, "batch": 16, "width": 4, "hidden": 16, "learning_rate": 3e-3}
    vectors, clips = _vectors(), _vectors(frames=6)
    for method in (*STATIC, *OF_TIME):
        data = clips if method in OF_TIME else vectors
        latents = {} if method is SufficientChange else {"latents": 3}
        model = method(**quick, **latents).fit(data)
        codes = model.encode(data)
        assert model.history is not None
        made[f"{method.name}: assumes"] = " ".join(method.assumes)
        made[f"{method.name}: loss"] = model.history.losses[-1]["loss"]
        made[f"{method.name}: codes"] = codes.reshape(-1, codes.shape[-1])[:3].ravel().tolist()
        made[f"{method.name}: mean"] = float(np.abs(codes).mean())
        if method in STATIC:
            score = CausalVerse().score(codes, data)
            made[f"{method.name}: score"] = [
                score.best_correlation,
                score.r2,
                *score.r2_by_variable.values(),
                *score.accuracy.values(),
                *score.majority.values(),
            ]
            made[f"{method.name}: variables"] = " ".join([*score.r2_by_variable, *score.accuracy])
        if isinstance(model, TDRL):
            influence = model.influence(data)
            made[f"{method.name}: influence"] = [*influence.lagged.ravel(), *influence.within.ravel()]
            made[f"{method.name}: graph"] = str(model.graph(data, threshold=1e-9, names=("a", "b", "c")))
    seen = _pictures()
    pictures = VAE(steps=3, batch=16, width=4, hidden=16, latents=3).fit(seen)
    made["vae of pictures: codes"] = pictures.encode(seen)[:3].ravel().tolist()
    return made
