"""Part (h) of the claim: handwritten digits, whose stroke and slant are set; both can be computed of any picture."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.systems.causal_diffae.model import CausalDiffae
from aitia.systems.causal_diffae.study import FRESH, HALF, NOISED, OURS, Asked, small
from aitia.worlds.digits import digits, pictures

__all__ = ["CLASS_KEPT", "REACHED", "STAYED", "digit_seed"]

CLASS_KEPT = "digits: class kept"
REACHED = "digits: error of the value asked for"
STAYED = "digits: error of the value that stays"
ASKED, FEW = 32, 0.1
OPTIONS: Mapping[str, Any] = {"channels": (16, 32), "steps": 300}
VAE: Mapping[str, Any] = {"residual": 8, "width": 24, "steps": 1200}
NAMES = ("stroke", "slant")
QUANTILES = (0.15, 0.85)
Images = NDArray[np.uint8]
Values = NDArray[np.float64]


def digit_seed(seed: int, vae_of: type[Any]) -> dict[str, float]:
    """Class kept and errors of values, in standard deviations, of ours and each arm; means over what is done."""
    train, test = digits("train"), digits("test")
    order = np.random.default_rng(seed).permutation(len(test))[:ASKED]
    x, facts = pictures(train.images), pictures(test.images[order])
    known, own = measured(x), measured(facts)
    spread = known.std(axis=0)
    bare, rows = Table.of({"image": facts}), _labelled(x, known)
    asked = Asked(_fitted(seed, rows), bare, seed)
    tenth = np.random.default_rng(seed).permutation(len(x))[: int(FEW * len(x))]
    hidden = np.full_like(known, np.nan)
    hidden[tenth] = known[tenth]
    fewer = {
        "few": Asked(_fitted(seed, _labelled(x, hidden)), bare, seed),
        "alone": Asked(_fitted(seed, rows.take(tenth)), bare, seed),
    }
    vae = vae_of(seed=seed, device="cpu", **VAE).fit(rows, cause=NAMES)
    judge, truth = _classifier(), test.digit[order]
    each: dict[str, list[float]] = {}
    for k, name in enumerate(NAMES):
        for value in np.quantile(known[:, k], QUANTILES).tolist():
            answers = {arm: asked.pictures({name: value}, arm) for arm in (OURS, FRESH, NOISED, HALF)}
            answers["do nothing"] = facts
            answers |= {name_of: other.pictures({name: value}) for name_of, other in fewer.items()}
            answers["CausalVAE"] = vae.counterfactual(bare, {name: value}).known.pictures("image")
            for arm, shown in answers.items():
                tail, read = f", {arm}" if arm else "", measured(shown)
                found = {
                    "class": float((judge.predict(_flat(shown)) == truth).mean()),
                    "done": float(np.abs(read[:, k] - value).mean() / spread[k]),
                    "stays": float(np.abs(read[:, 1 - k] - own[:, 1 - k]).mean() / spread[1 - k]),
                }
                for what, number in found.items():
                    each.setdefault(f"{what}{tail}", []).append(number)
    return {name: float(np.mean(values)) for name, values in each.items()}


def _labelled(x: Images, values: Values) -> Table:
    columns = dict(zip(NAMES, values.T, strict=True))
    return Table.of({"image": x, **columns}, kinds=dict.fromkeys(NAMES, "number"))


def _fitted(seed: int, rows: Table) -> CausalDiffae:
    return CausalDiffae(small(seed=seed, device="cpu", **OPTIONS)).fit(rows, cause=NAMES)


def measured(images: Images) -> Values:
    """Stroke, the mean ink, and slant, -cov(x, y) / var(y) of the ink, of pictures, (n, 2)."""
    ink = images[..., 0] / 255.0
    total = ink.sum(axis=(1, 2)) + 1e-9
    y, x = np.mgrid[0 : ink.shape[1], 0 : ink.shape[2]].astype(float)
    down, across = ((ink * place).sum(axis=(1, 2)) / total for place in (y, x))
    dy, dx = y[None] - down[:, None, None], x[None] - across[:, None, None]
    slant = -(ink * dx * dy).sum(axis=(1, 2)) / ((ink * dy**2).sum(axis=(1, 2)) + 1e-9)
    return np.stack([ink.mean(axis=(1, 2)), slant], axis=1)


@lru_cache(maxsize=1)
def _classifier() -> Any:
    """Of true digits; it guides nothing."""
    from sklearn.svm import SVC

    train = digits("train")
    return SVC(gamma="scale").fit(_flat(pictures(train.images)), train.digit)


def _flat(images: Images) -> Values:
    return images[..., 0].reshape(len(images), -1) / 255.0
