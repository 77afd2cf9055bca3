"""Every method of causalverse: 20 steps on vectors or clips of two latents in four domains, with its score."""

import numpy as np

from aitia.data.base import Data
from aitia.representations import rows_of
from aitia.representations.transitions import TransitionMethod, influence_graph
from aitia.systems.beta_vae import BetaVAE
from aitia.systems.causalverse import CausalVerse, members
from aitia.systems.idol import IDOL
from aitia.systems.ivae import IVAE
from aitia.systems.jacobian_sparsity import JacobianSparsity
from aitia.systems.multi_view import MultiView
from aitia.systems.sufficient_change import SufficientChange
from aitia.systems.supervised import Supervised
from aitia.systems.tcl import TCL
from aitia.systems.tdrl import TDRL
from aitia.systems.time_ivae import TimeIVAE
from aitia.systems.vae import VAE

STATIC = (Supervised, VAE, BetaVAE, JacobianSparsity, IVAE, SufficientChange, MultiView)
OF_TIME = (TimeIVAE, TCL, TDRL, IDOL)
TRUTH = {"truth": ["a", "turn", "kind"], "angle": ["turn"]}


def _vectors(frames: int | None = None) -> Data:
    rng = np.random.default_rng(0)
    domain = np.arange(80) % 4
    shape = (80, 2) if frames is None else (80, frames, 2)
    z = rng.normal(size=shape) * (1.0 + domain).reshape(-1, *[1] * (len(shape) - 1))
    x = np.tanh(z @ rng.normal(size=(2, 5)))
    labels = {"a": z[..., 0], "turn": z[..., 1] % 3.0, "kind": np.array(["u", "v", "w"])[domain % 3]}
    return rows_of(x, labels, domain=domain, id=np.arange(80) // 2)


def _pictures() -> Data:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
    return rows_of(x, {"a": rng.normal(size=40)})


def numbers() -> dict[str, list[float] | float | str]:
    assert set(members().values()) == {*STATIC, *OF_TIME}
    made: dict[str, list[float] | float | str] = {"methods": " ".join(m.card.slug for m in (*STATIC, *OF_TIME))}
    quick = {"steps": 20, "batch": 16, "width": 4, "hidden": 16, "learning_rate": 3e-3}
    vectors, clips = _vectors(), _vectors(frames=6)
    for method in (*STATIC, *OF_TIME):
        data = clips if method in OF_TIME else vectors
        latents = {} if method is SufficientChange else {"latents": 3}
        model = method(**quick, **latents).fit(data, **TRUTH)
        codes = model.codes(data)
        name = method.card.slug
        assert model.history is not None
        made[f"{name}: assumes"] = " ".join(method.assumes)
        made[f"{name}: loss"] = model.history.losses[-1]["loss"]
        made[f"{name}: codes"] = codes.reshape(-1, codes.shape[-1])[:3].ravel().tolist()
        made[f"{name}: mean"] = float(np.abs(codes).mean())
        if method in STATIC:
            score = CausalVerse().score(codes, data, **TRUTH)
            made[f"{name}: score"] = [
                score.best_correlation,
                score.r2,
                *score.r2_by_variable.values(),
                *score.accuracy.values(),
                *score.majority.values(),
            ]
            made[f"{name}: variables"] = " ".join([*score.r2_by_variable, *score.accuracy])
        if isinstance(model, TransitionMethod):
            influence = model.influence(data)
            made[f"{name}: influence"] = [*influence.lagged.ravel(), *influence.within.ravel()]
            made[f"{name}: graph"] = str(influence_graph(influence, 1e-9, ("a", "b", "c")))
    seen = _pictures()
    pictures = VAE(steps=3, batch=16, width=4, hidden=16, latents=3).fit(seen)
    made["vae of pictures: codes"] = pictures.codes(seen)[:3].ravel().tolist()
    return made
