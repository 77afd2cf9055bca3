"""The claim: what one training of clusters and energy gives that its parts and simpler things do not.

Moons are made here; the digits are those of scikit-learn, dealt anew into 1,400 and 397 by each seed. Every training has
the same network, views and number of updates; one arm has as many more as its cheaper updates pay for in CPU seconds.
Digits behind sums: pairs of digits with the sum of the two, and no digit is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from aitia.data.table import Table
from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.stats.metrics import auroc
from aitia.systems.gedi.agreement import adjusted_mutual_information, matched_accuracy, mutual_information
from aitia.systems.gedi.card import CARD
from aitia.systems.gedi.config import GediConfig
from aitia.systems.gedi.groups import Components, KMeans
from aitia.systems.gedi.judge import mixed
from aitia.systems.gedi.model import Gedi
from aitia.systems.gedi.rivals import spectral, swapped
from aitia.worlds import ShapesWorld
from aitia.worlds.digits import digits, pictures

__all__ = ["CLAIM", "run"]

Values = NDArray[np.float64]
Found = dict[str, float]
SEEDS = 5
UPDATES, SUM_UPDATES, MOON_UPDATES = 500, 500, 500
PAID = 3
"""Updates without an energy that take as many CPU seconds as one with it: 2.9 to 3.2 on development seeds."""
PAIRS = (100, 300)
RARE = 0.2
"""Of the digits five to nine, what is kept where classes are uneven."""
ALONE, PAID_FOR, ENERGY = "self-supervision alone", "self-supervision alone, equal CPU seconds", "energy alone"
NO_VIEWS, NO_PRIOR, SWAV = "without agreement of views", "without prior", "swapped assignments"
MEANS, PARTS, SPECTRAL = "k-means on pixels", "k-means on principal components", "spectral clusters of pixels"
AMI, OFF, MIXED = (
    "digits: AMI of clusters and digits",
    "moons: AUROC of rows off the data",
    "digits: AUROC of mixed rows",
)
OTHER, UNIFORM = "digits: AUROC of pictures of shapes", "digits: AUROC of uniform noise"
UNEVEN, DRAWN = "uneven digits: AMI of clusters and digits", "digits: share of draws read as their cluster's digit"
SUMS = "digits behind sums: share right, {} pairs"
SUM_ALONE, REGRESSED = "the sums alone", "k-means, numbers by least squares of the sums"


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("rows", _seed, SEEDS)
    context.control("nothing to find", _nothing)

    def values(name: str) -> list[float]:
        return [float(one[name]) for one in found]

    def arms(metric: str, *names: str) -> dict[str, list[float]]:
        return {name: values(f"{metric}, {name}") for name in names}

    energies = ("k-means distance", "principal components")
    rows = [
        row("a", OFF, values(OFF), bar=0.8, baselines=arms(OFF, ALONE, ENERGY, *energies), ahead_of={ALONE: 0.3}),
        row("a", "moons: NMI of clusters and moons", values("moons"),
            baselines=arms("moons", ALONE, MEANS, SPECTRAL), note="Not judged: neither has the moons."),
        row("b", AMI, values(AMI), ahead_of={ENERGY: 0.0, NO_VIEWS: 0.3, NO_PRIOR: 0.0, MEANS: 0.0, PARTS: 0.0},
            baselines=arms(AMI, ALONE, PAID_FOR, ENERGY, NO_VIEWS, NO_PRIOR, SWAV, MEANS, PARTS, SPECTRAL)),
        row("b", "digits: AMI less that of self-supervision alone", _less(values(AMI), values(f"{AMI}, {ALONE}")),
            kind="difference", against=None, bar=-0.02, note="The energy costs no clusters."),
        row("b", "digits: AMI less that of as many CPU seconds", _less(values(AMI), values(f"{AMI}, {PAID_FOR}")),
            kind="difference", bar=-0.02, note=f"{PAID} times the updates without an energy."),
        row("b", "digits: AMI less that of spectral clusters", _less(values(AMI), values(f"{AMI}, {SPECTRAL}")),
            kind="difference", bar=0.0, note="Spectral clusters are of all rows at once: they have no rule for others."),
        row("b", "digits: smallest cluster, share of rows", values("smallest"), bar=0.02,
            baselines=arms("smallest", NO_PRIOR, ALONE), ahead_of={NO_PRIOR: 0.0}),
        row("c", MIXED, values(MIXED), bar=0.8, ahead_of={ALONE: 0.0, "max softmax": 0.0, "distance to the mean": 0.0},
            baselines=arms(MIXED, ALONE, ENERGY, "max softmax", "distance to the mean", *energies)),
        row("c", "digits: AUROC of mixed rows less that of principal components",
            _less(values(MIXED), values(f"{MIXED}, principal components")), kind="difference", bar=0.0),
        row("c", OTHER, values(OTHER), ahead_of={"max softmax": 0.0},
            baselines=arms(OTHER, ALONE, ENERGY, "max softmax", "mean brightness", *energies)),
        row("c", UNIFORM, values(UNIFORM), baselines=arms(UNIFORM, ALONE, ENERGY, "mean brightness"),
            note="Not judged: brightness alone tells it."),
        row("d", DRAWN, values(DRAWN), bar=0.5, ahead_of={ALONE: 0.0},
            baselines=arms(DRAWN, ALONE, ENERGY, "a Gaussian of each k-means cluster"), note=_reader_note()),
        row("d", "digits: distance of a draw to the nearest row of the fit, over that of fresh rows", values("near"),
            kind="ratio", bar=0.5, note="A copy of a row would be at 0."),
        row("e", UNEVEN, values(UNEVEN), baselines=arms(UNEVEN, "an even prior", MEANS), ahead_of={"an even prior": 0.0},
            note="The prior is that of the digits, told to ours."),
    ]  # fmt: skip
    rows += [
        row("f", SUMS.format(n), values(SUMS.format(n)), ahead_of={SUM_ALONE: 0.05, REGRESSED: 0.0},
            baselines=arms(SUMS.format(n), SUM_ALONE, "without energy", REGRESSED))
        for n in PAIRS
    ]  # fmt: skip
    needs = (
        "Not run here: needs CIFAR-10 in sub-folders of classes; `aitia run gedi --data cifar10/train --clusters 10 "
        "--network convolution --width 64 --flip --steps 100000`."
    )
    return [*rows, row("g", "CIFAR-10: NMI", [], note=needs)]


def _less(ours: Sequence[float], other: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(ours, other, strict=True)]


def _seed(seed: int) -> Found:
    return {**_moons(seed), **_digits(seed), **_uneven(seed), **_sums(seed)}


def _options(seed: int, **more: Any) -> GediConfig:
    return replace(GediConfig(seed=seed, steps=UPDATES, device="cpu"), **more)


# -- moons -------------------------------------------------------------------------------------------------------------


def _moons(seed: int) -> Found:
    """Moons of 1,000 rows, and rows that are a quarter or more away from all of them."""
    rows, which = _two_moons(1200, seed)
    fitted, fresh, names = rows[:1000], rows[1000:], which[1000:]
    off = _away(fitted, 200, seed)
    found: Found = {}
    small = {"clusters": 2, "steps": MOON_UPDATES, "hidden": 64, "batch": 200}
    alone = {"invariance": 0.0, "usage": 0.0}
    for arm, more in (("", {}), (ALONE, {"generative": 0.0}), (ENERGY, alone)):
        model = Gedi(_options(seed, **small, **more)).fit(fitted)
        both = np.concatenate([model.numbers(fresh), model.numbers(off)])
        logits = model.logits(both)
        found[_named(OFF, arm)] = _told(-logsumexp(logits, axis=1), len(fresh))
        found[_named("moons", arm)] = mutual_information(names, logits[: len(fresh)].argmax(1))
    means, parts = KMeans(fitted, 2, seed), Components(fitted)
    both = np.concatenate([fresh, off])
    found[f"{OFF}, k-means distance"] = _told(means.distance(both), len(fresh))
    found[f"{OFF}, principal components"] = _told(parts.left_out(both), len(fresh))
    found[f"moons, {MEANS}"] = mutual_information(names, means.predict(fresh))
    found[f"moons, {SPECTRAL}"] = mutual_information(names, spectral(rows, 2, seed)[1000:])
    return found


def _two_moons(n: int, seed: int) -> tuple[Values, NDArray[np.int64]]:
    random = np.random.default_rng([seed, 1])
    which = random.integers(0, 2, n)
    turn = random.uniform(0, np.pi, n)
    x = np.where(which == 0, np.cos(turn), 1 - np.cos(turn))
    y = np.where(which == 0, np.sin(turn), 0.5 - np.sin(turn))
    return np.stack([x, y], 1) + 0.05 * random.standard_normal((n, 2)), which


def _away(rows: Values, n: int, seed: int) -> Values:
    random = np.random.default_rng([seed, 2])
    tried = random.uniform(rows.min(0) - 0.5, rows.max(0) + 0.5, (20 * n, 2))
    far = np.sqrt(((tried[:, None] - rows[None]) ** 2).sum(-1)).min(1) > 0.25
    found: Values = tried[far][:n]
    return found


# -- digits ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _dealt(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures and digits to learn from, and those held back."""
    parts = digits("train"), digits("test")
    images = np.concatenate([part.images for part in parts])
    digit = np.concatenate([part.digit for part in parts])
    order = np.random.default_rng([seed, 3]).permutation(len(images))
    first, last = order[:1400], order[1400:]
    return pictures(images[first]), digit[first], pictures(images[last]), digit[last]


def _pixels(images: NDArray[np.uint8]) -> Values:
    values: Values = images[..., 0].reshape(len(images), -1) / 127.5 - 1
    return values


def _digits(seed: int) -> Found:
    fitted, _, fresh, digit = _dealt(seed)
    before, x = _pixels(fitted), _pixels(fresh)
    means, parts = KMeans(before, 10, seed), Components(before)
    codes = KMeans(parts.codes(before), 10, seed).predict(parts.codes(x))
    every = spectral(np.concatenate([before, x]), 10, seed)[len(before) :]
    found = {
        f"{AMI}, {MEANS}": adjusted_mutual_information(digit, means.predict(x)),
        f"{AMI}, {PARTS}": adjusted_mutual_information(digit, codes),
        f"{AMI}, {SPECTRAL}": adjusted_mutual_information(digit, every),
    }
    strange = _strange(x, seed)
    for metric, rows in strange.items():
        both = np.concatenate([x, rows])
        found[f"{metric}, k-means distance"] = _told(means.distance(both), len(x))
        found[f"{metric}, principal components"] = _told(parts.left_out(both), len(x))
        found[f"{metric}, distance to the mean"] = _told(np.linalg.norm(both - before.mean(0), axis=1), len(x))
        found[f"{metric}, mean brightness"] = _told(np.abs(both.mean(1) - before.mean()), len(x))
    trainings: dict[str, dict[str, Any]] = {
        "": {},
        ALONE: {"generative": 0.0},
        PAID_FOR: {"generative": 0.0, "steps": PAID * UPDATES},
        ENERGY: {"invariance": 0.0, "usage": 0.0},
        NO_VIEWS: {"invariance": 0.0},
        NO_PRIOR: {"usage": 0.0},
    }
    for arm, more in trainings.items():
        model = Gedi(_options(seed, **more)).fit(fitted)
        found |= _scores(model, arm, x, digit, strange)
        if arm in ("", ALONE, ENERGY):
            found |= _draws(model, arm, seed)
    logits = swapped(torch.from_numpy(before).float().reshape(-1, 1, 8, 8), _options(seed))
    found[f"{AMI}, {SWAV}"] = adjusted_mutual_information(
        digit, logits(torch.from_numpy(x).float().reshape(-1, 1, 8, 8)).argmax(1)
    )
    return {**found, **_gaussian(seed, means)}


def _strange(x: Values, seed: int) -> dict[str, Values]:
    """Rows that are no digits, as many as there are digits."""
    world = ShapesWorld()
    shapes = world.render(world.sample(len(x), seed=seed + 50_000), size=8)
    uniform = np.random.default_rng([seed, 4]).uniform(-1, 1, x.shape)
    return {MIXED: mixed(x, seed), OTHER: _pixels(shapes), UNIFORM: uniform}


def _scores(model: Gedi, arm: str, x: Values, digit: NDArray[np.int64], strange: Mapping[str, Values]) -> Found:
    logits = model.logits(x)
    cluster = logits.argmax(1)
    found = {
        _named(AMI, arm): adjusted_mutual_information(digit, cluster),
        _named("smallest", arm): float(np.bincount(cluster, minlength=10).min() / len(cluster)),
    }
    for metric, rows in strange.items():
        both = np.concatenate([logits, model.logits(rows)])
        found[_named(metric, arm)] = _told(-logsumexp(both, axis=1), len(x))
        if not arm:
            found[f"{metric}, max softmax"] = _told(-softmax(both, axis=1).max(1), len(x))
    return found


# -- draws -------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _reader(seed: int) -> Any:
    """Says which digit a picture shows; it has learnt from labels that no training here sees."""
    from sklearn.svm import SVC

    fitted, digit, _, _ = _dealt(seed)
    return SVC(gamma=0.03).fit(_pixels(fitted), digit)


def _reader_note() -> str:
    _, _, fresh, digit = _dealt(0)
    right = float((_reader(0).predict(_pixels(fresh)) == digit).mean())
    return f"Read by a support vector machine that is right on {right:.1%} of fresh digits and guided nothing."


def _draws(model: Gedi, arm: str, seed: int) -> Found:
    """Twenty draws of each cluster, and whether they are read as most rows of the cluster are."""
    fitted, digit, fresh, _ = _dealt(seed)
    before = _pixels(fitted)
    cluster = model.logits(before).argmax(1)
    asked = np.repeat(np.arange(10), 20)
    rows = Table.of({"cluster": [f"c{k}" for k in asked]}, kinds={"cluster": "label"})
    drawn = _pixels(model.predict(rows, seed=seed).known.pictures("image"))
    found = {_named(DRAWN, arm): _read_as(drawn, asked, cluster, digit, seed)}
    if not arm:
        near = [float(np.median(_nearest(part, before))) for part in (drawn, _pixels(fresh))]
        found["near"] = near[0] / near[1]
    return found


def _gaussian(seed: int, means: KMeans) -> Found:
    """Draws of a Gaussian with the means and spreads of the pixels of each cluster of k-means."""
    fitted, digit, _, _ = _dealt(seed)
    before, random = _pixels(fitted), np.random.default_rng([seed, 5])
    cluster = means.predict(before)
    asked = np.repeat(np.arange(10), 20)
    spread = np.stack([before[cluster == k].std(0) for k in range(10)])
    drawn = (means.centres[asked] + spread[asked] * random.standard_normal((200, 64))).clip(-1, 1)
    return {f"{DRAWN}, a Gaussian of each k-means cluster": _read_as(drawn, asked, cluster, digit, seed)}


def _read_as(
    drawn: Values, asked: NDArray[np.int64], cluster: NDArray[np.int64], digit: NDArray[np.int64], seed: int
) -> float:
    """A cluster without rows has no digit: its draws are read as none."""
    most = [np.bincount(digit[cluster == k], minlength=10).argmax() if (cluster == k).any() else -1 for k in range(10)]
    return float((_reader(seed).predict(drawn) == np.array(most)[asked]).mean())


def _nearest(rows: Values, others: Values) -> Values:
    near: Values = np.sqrt(((rows[:, None] - others[None]) ** 2).sum(-1)).min(1)
    return near


# -- uneven classes and sums -------------------------------------------------------------------------------------------


def _uneven(seed: int) -> Found:
    """Of the digits five to nine a fifth is there."""
    fitted, digit, fresh, true = _dealt(seed)
    kept = _thinned(digit, seed)
    asked = _thinned(true, seed + 1)
    share = np.bincount(digit[kept], minlength=10) / len(kept)
    prior = tuple((share / share.sum()).tolist())
    found: Found = {}
    for arm, more in (("", {"prior": prior}), ("an even prior", {})):
        model = Gedi(_options(seed, **more)).fit(fitted[kept])
        cluster = model.logits(_pixels(fresh[asked])).argmax(1)
        found[_named(UNEVEN, arm)] = adjusted_mutual_information(true[asked], cluster)
    means = KMeans(_pixels(fitted[kept]), 10, seed)
    found[f"{UNEVEN}, {MEANS}"] = adjusted_mutual_information(true[asked], means.predict(_pixels(fresh[asked])))
    return found


def _thinned(digit: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    random = np.random.default_rng([seed, 6])
    return np.flatnonzero((digit < 5) | (random.random(len(digit)) < RARE))


def _sums(seed: int, shuffled: bool = False) -> Found:
    """Digits from the sums of pairs, told by what the network says of fresh pictures; no digit is seen."""
    fitted, digit, fresh, true = _dealt(seed)
    found: Found = {}
    for n in PAIRS:
        random = np.random.default_rng([seed, 7, n])
        pair = random.permutation(len(fitted))[: 2 * n].reshape(2, n)
        total = digit[pair].sum(0)
        if shuffled:
            total = random.permutation(total)
        rows = Table.of(
            {"image": fitted[pair[0]], "other_image": fitted[pair[1]], "cluster_sum": total},
            kinds={"image": "picture", "other_image": "picture", "cluster_sum": "number"},
        )
        metric = SUMS.format(n)
        alone = {"generative": 0.0, "invariance": 0.0, "usage": 0.0}
        arms: dict[str, dict[str, float]] = {"": {}}
        if not shuffled:
            arms |= {SUM_ALONE: alone, "without energy": {"generative": 0.0}}
        for arm, more in arms.items():
            model = Gedi(_options(seed, steps=SUM_UPDATES, **more)).fit(rows)
            cluster = model.logits(_pixels(fresh)).argmax(1)
            found[_named(metric, arm)] = float((cluster == true).mean())
        found[f"{metric}, {REGRESSED}"] = _regressed(fitted[pair.ravel()], total, fresh, true, seed)
    return found


def _regressed(
    images: NDArray[np.uint8], total: NDArray[np.int64], fresh: NDArray[np.uint8], true: NDArray[np.int64], seed: int
) -> float:
    """The number of each cluster of k-means is what explains the sums best."""
    x = _pixels(images)
    means = KMeans(x, 10, seed)
    cluster = np.eye(10)[means.predict(x)].reshape(2, -1, 10).sum(0)
    numbers = np.linalg.lstsq(cluster, total.astype(float), rcond=None)[0].round().clip(0, 9)
    return float((numbers[means.predict(_pixels(fresh))] == true).mean())


# -- controls ----------------------------------------------------------------------------------------------------------


def _nothing(seed: int) -> Found:
    """Digits whose names are shuffled, fresh rows called strange, sums dealt to other pairs, draws of noise."""
    fitted, digit, fresh, true = _dealt(seed)
    random, x = np.random.default_rng([seed, 8]), _pixels(fresh)
    model = Gedi(_options(seed)).fit(fitted)
    logits = model.logits(x)
    usual = random.permutation(len(x))
    energy = -logsumexp(logits, axis=1)[usual]
    found: Found = {AMI: adjusted_mutual_information(random.permutation(true), logits.argmax(1))}
    found[MIXED] = found[OTHER] = _told(energy, len(x) // 2)
    moons, _ = _two_moons(400, seed)
    asked = np.repeat(np.arange(10), 20)
    cluster = model.logits(_pixels(fitted)).argmax(1)
    found[DRAWN] = _read_as(random.uniform(-1, 1, (200, 64)), asked, cluster, digit, seed)
    found[OFF] = _told(np.linalg.norm(moons - moons.mean(0), axis=1), len(moons) // 2)
    sums = _sums(seed, shuffled=True)
    return {**found, **{SUMS.format(n): sums[SUMS.format(n)] for n in PAIRS}}


def _told(scores: Values, usual: int) -> float:
    """AUROC of the rows after the first so many."""
    return auroc(scores, np.arange(len(scores)) >= usual)


def _named(metric: str, arm: str) -> str:
    return f"{metric}, {arm}" if arm else metric


CLAIM = Claim(CARD, run, minutes=8, swap=ALONE, controls=("nothing to find",))
