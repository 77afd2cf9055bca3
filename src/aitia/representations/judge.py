"""What codes know of the true variables, and how well rows come back; beside codes that take no learning."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.representations.networks import VAENetwork, decode
from aitia.representations.rows import Rows
from aitia.representations.score import score
from aitia.stats.features import coarse, principal_components, random_features
from aitia.stats.metrics import as_sin_cos, counterfactual_mse, dci
from aitia.system import Given, Score, Scores

if TYPE_CHECKING:
    from aitia.representations.method import Representation

__all__ = ["judged", "known"]

Values = NDArray[np.float64]
LEAST = 40
"""Rows below which codes are not compared with labels: half of them fit a regression and half judge it."""
MOST = 5000
"""Rows of the fit that principal components are taken of."""
_ABOUT: Mapping[str, tuple[Literal["lower", "higher"], str]] = {
    "MCC": ("higher", "Mean correlation of true variables and latents under the best one-to-one matching."),
    "R2": ("higher", "Of a kernel regression of the true variables on all latents."),
    "accuracy": ("higher", "Of the true categories, from the nearest codes."),
    "disentanglement": ("higher", "Whether each latent serves one true variable (DCI)."),
    "completeness": ("higher", "Whether each true variable is served by one latent (DCI)."),
    "informativeness": ("higher", "Of a linear regression of the true variables on the latents (DCI)."),
    "reconstruction MSE": ("lower", "Mean squared error of what is decoded, in shares of the brightest."),
}


def judged(model: "Representation", fresh: Given, seen: Given) -> Scores:
    """The scores of a method on rows that the fit has not seen."""
    new, old = Rows.of(fresh), Rows.of(seen)
    codes, seed = model._encoded(new.x), model.config.seed
    ours = known(codes, new, seed)
    others = {name: known(z, new, seed) for name, z in _unlearnt(codes, new, old, seed).items()}
    net = model._network()
    if isinstance(net, VAENetwork):
        truth = _scaled(new.x)
        mean = np.broadcast_to(_scaled(old.x).mean(axis=0), truth.shape)
        ours["reconstruction MSE"] = counterfactual_mse(_scaled(decode(net, codes)), truth).value
        others["mean row"] = {"reconstruction MSE": counterfactual_mse(mean, truth).value}
    return {
        name: Score(ours[name], better, about, {who: of[name] for who, of in others.items() if name in of})
        for name, (better, about) in _ABOUT.items()
        if name in ours
    }


def known(codes: Values, truth: Rows, seed: int) -> dict[str, float]:
    """What codes know of the true variables; nothing where there are none that vary, or too few rows."""
    if truth.labels is None or codes.size // codes.shape[-1] < LEAST or not _varies(truth):
        return {}
    found = score(codes, truth, seed)
    told = {"R2": found.r2} if found.r2_by_variable else {}
    if found.mcc is not None and found.r2_by_variable:
        told["MCC"] = found.mcc
    if found.accuracy:
        told["accuracy"] = float(np.mean(list(found.accuracy.values())))
    true = _true_columns(truth)
    if true.shape[1] > 0 and codes.shape[-1] > 1:
        parts = dci(true, codes.reshape(-1, codes.shape[-1]), seed=seed)
        told["disentanglement"] = parts.disentanglement
        told["completeness"] = parts.completeness
        told["informativeness"] = parts.informativeness
    return told


def _unlearnt(codes: Values, new: Rows, old: Rows, seed: int) -> dict[str, Values]:
    """As many random sums and principal components as the method has latents."""
    lead, k = codes.shape[:-1], codes.shape[-1]
    seen, fresh = (coarse(data.x.reshape(-1, *data.shape)) for data in (old, new))
    made = {
        "random features": random_features(seen, fresh, k, seed),
        "principal components": principal_components(seen[:: max(len(seen) // MOST, 1)], fresh, k),
    }
    return {name: z.reshape(*lead, -1) for name, z in made.items()}


def _scaled(x: NDArray[Any]) -> NDArray[Any]:
    """Images as shares of the brightest; vectors as they are."""
    return x / np.float32(255) if x.dtype == np.uint8 else x


def _varies(truth: Rows) -> bool:
    assert truth.labels is not None
    return any(np.ptp(truth.labels.column(name)) > 0 for name in truth.labels.names)


def _true_columns(truth: Rows) -> Values:
    """(n, d) of the numbers among the labels, angles by sine and cosine; (n * frames, d) of clips."""
    assert truth.labels is not None
    frames, found = truth.frames or 1, []
    for name in truth.labels.names:
        if truth.labels.continuous(name):
            values = np.broadcast_to(truth.labels.column(name).reshape(len(truth), -1), (len(truth), frames)).ravel()
            if np.ptp(values) > 0:
                found += list(as_sin_cos(values).T) if name in truth.angles else [values]
    return np.stack(found, axis=1) if found else np.empty((len(truth), 0))
