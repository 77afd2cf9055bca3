"""Part (f) of the claim, as measured: sets of handwritten digits, whose shares of the ten digits are known.

The 1797 images of 8 x 8 pixels that scikit-learn ships are dealt into three parts: 300 sets to fit on are drawn of the
first, and of 60 further ones what is encoded of the second and what drawn sets are compared with of the third. A set
has 100 images, its shares a symmetric Dirichlet law of parameter 1/2. Neither the fit nor a rival sees a label.
"""

import warnings
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.errors import RangeWarning
from aitia.systems.gde import GDE, fixed_embedding
from aitia.systems.gde.claim_laws import FLOOR, KERNEL, MEAN, MOMENTS, OURS, TUNED, sliced
from aitia.systems.gde.perturbations import ridge_weights

__all__ = ["dealt_images", "images"]

Values = NDArray[np.float64]
Found = dict[str, dict[str, float]]
SETS, TESTS, IMAGES, PARTS = 300, 60, 100, (900, 1349)
LATENTS = 64
"""As many numbers as an image has pixels, so that the mean image is no longer a vector than ours."""
TRAINING: dict[str, Any] = {
    "steps": 1200, "batch": 16, "learning_rate": 3e-3, "scaling": "one", "latents": LATENTS,
}  # fmt: skip
FIXED: dict[str, dict[str, Any]] = {
    KERNEL: {"encoder": "kernel mean", "bandwidth": 8.0},
    MOMENTS: {"encoder": "moments"},
}
BANDWIDTH = 2.0
"""Of the tuned kernel mean, in units of the brightest ink: the best of 1, 2 and 4 on seed 1000."""
RIDGES = (0.1, 1.0, 10.0, 100.0)


class _Sets(NamedTuple):
    """Sets to fit on, sets to encode and to compare with, and the shares of the ten digits in the first two."""

    train: list[Values]
    seen: list[Values]
    fresh: list[Values]
    train_shares: Values
    shares: Values


def _sets(seed: int) -> _Sets:
    from sklearn.datasets import load_digits

    pixels, digit = load_digits(return_X_y=True)
    rng = np.random.default_rng([seed, 44])
    parts = np.split(rng.permutation(len(pixels)), PARTS)

    def drawn(part: NDArray[np.int64], laws: Values) -> tuple[list[Values], Values]:
        of = [part[digit[part] == k] for k in range(10)]
        counts = [rng.multinomial(IMAGES, law) for law in laws]
        rows = [np.concatenate([rng.choice(of[k], n) for k, n in enumerate(count)]) for count in counts]
        return [pixels[each] / 16 for each in rows], np.stack(counts) / IMAGES

    train, train_shares = drawn(parts[0], rng.dirichlet(np.full(10, 0.5), SETS))
    laws = rng.dirichlet(np.full(10, 0.5), TESTS)
    seen, shares = drawn(parts[1], laws)
    return _Sets(train, seen, drawn(parts[2], laws)[0], train_shares, shares)


def images(seed: int) -> Found:
    """By what is asked and arm: distance of drawn sets over that of another set, error of read shares, correlation."""
    sets = _sets(seed)
    fits = {arm: GDE(seed=seed, **{**TRAINING, **FIXED.get(arm, {})}).fit(sets.train) for arm in (OURS, *FIXED)}
    every = [*sets.train, *sets.seen]
    vectors = {arm: np.concatenate([fits[arm].latents, fits[arm].vectors(sets.seen)]) for arm in (OURS, KERNEL)}
    vectors[MEAN] = fixed_embedding(every, "mean")
    vectors[TUNED] = fixed_embedding(every, "kernel mean", bandwidth=BANDWIDTH)
    found = {"drawn": {arm: _drawn(fit, sets, seed) for arm, fit in fits.items()}, **_read(vectors, sets)}
    found["drawn"][FLOOR] = sliced(sets.seen, sets.fresh) / _other(sets)
    return found


def dealt_images(seed: int) -> dict[str, float]:
    """The same of a fit to sets whose images were dealt out anew among them, so that all have one law."""
    sets = _sets(seed)
    pooled = np.random.default_rng([seed, 42]).permutation(np.concatenate(sets.train))
    dealt = sets._replace(train=list(pooled.reshape(SETS, IMAGES, -1)))
    model = GDE(seed=seed, **TRAINING).fit(dealt.train)
    read = _read({OURS: np.concatenate([model.latents, model.vectors(dealt.seen)])}, dealt)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RangeWarning)  # the sets that were fitted have all nearly the same vector
        return {"drawn": _drawn(model, dealt, seed), **{what: of[OURS] for what, of in read.items()}}


def _other(sets: _Sets) -> float:
    return sliced(sets.seen, [*sets.fresh[1:], sets.fresh[0]])


def _drawn(model: GDE, sets: _Sets, seed: int) -> float:
    drawn = [model.draw(z, IMAGES, seed=1000 * seed + k) for k, z in enumerate(model.vectors(sets.seen))]
    return sliced(drawn, sets.fresh) / _other(sets)


def _read(vectors: dict[str, Values], sets: _Sets) -> Found:
    """Of vectors of the sets of the fit and of the test, one below the other."""
    i, j = np.array(list(combinations(range(TESTS), 2))).T
    apart = np.linalg.norm(sets.shares[i] - sets.shares[j], axis=1)
    found: Found = {"shares": {}, "correlation": {}}
    for arm, z in vectors.items():
        test = z[SETS:]
        found["shares"][arm] = _error(z[:SETS], sets.train_shares, test, sets.shares)
        found["correlation"][arm] = float(np.corrcoef(np.linalg.norm(test[i] - test[j], axis=1), apart)[0, 1])
    return found


def _error(x: Values, y: Values, new: Values, truth: Values) -> float:
    """Total variation of shares that ridge regression reads, its weight chosen on a fifth of the sets of the fit."""
    kept = SETS * 4 // 5
    tried = {ridge: _distance(_ridge(x[:kept], y[:kept], x[kept:], ridge), y[kept:]) for ridge in RIDGES}
    return _distance(_ridge(x, y, new, min(RIDGES, key=tried.__getitem__)), truth)


def _ridge(x: Values, y: Values, new: Values, ridge: float) -> Values:
    middle, spread = x.mean(0), x.std(0) + 1e-9
    answer: Values = (new - middle) / spread @ ridge_weights((x - middle) / spread, y - y.mean(0), ridge) + y.mean(0)
    return answer


def _distance(read: Values, truth: Values) -> float:
    return float(np.abs(read - truth).sum(1).mean() / 2)
