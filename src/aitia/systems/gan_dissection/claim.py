"""The claim of GAN dissection, on generators of towns: do the units that agree with an object cause it?

A small generator learns from 8,192 pictures of `TownWorld`. The units of its
map of 8 by 8 are studied, 64 of them, in sets of five. One segmenter chooses, on 400 drawn pictures; another, learnt
from other pictures, scores on 100 others. Its hash and that of the first stand in the notes.

(a) Share of an object's pixels that is gone without its units (house, tree, sun), beside the best of 20 random sets,
    the best of 8 sets of units as active (the swap), units whose mean goes with the object's area, the most active
    where it is, gradient times activation, the units of the sky, and all units of the layer.
(b) What becomes of all else, as a part of what there was of it, beside all units: ablation that spoils the rest is a
    weak answer.
(c) Insertion at the 2 by 3 cells where the object is most often: what it gains of the pixels there, beside random sets.
(d) Context: a tree in the sky gains less than a third of what it gains on the ground.
(e) The relaxed search for the largest effect that spares other objects, beside agreement at equal size (house, tree).
(f) A square that is planted into the generator with five of its units, for an eighth of the latents: how many of them
    are found, whether it is gone without those found, and how much nearer pictures then are to pictures without a
    square, by the Fréchet distance of thumbnails of 4 by 4 cells, which no network judges.
(g) The same as (a) with the segmenters exchanged.
(h) A generator that we did not make: not run here.

Control: the segmenter that chooses sees other pictures than those that were drawn.

Sizes were chosen on seed 1000; bars are those of a pilot with another generator. There a square in a share of .125 or
.4 of the training pictures was in all but none that were drawn, after 1,000 to 1,500 updates: so (f) plants it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.evidence.pictures import segmenter, town_gan
from aitia.nn.gan import Generator
from aitia.nn.pixels import from_bytes
from aitia.nn.segmenters import Segmenter, SmallSegmenter
from aitia.nn.sites import random_units
from aitia.stats.metrics.distribution import frechet_distance
from aitia.systems.gan_dissection.card import CARD
from aitia.systems.gan_dissection.config import GanDissectionConfig
from aitia.systems.gan_dissection.effects import gained, others, removed, swept
from aitia.systems.gan_dissection.generators import ImageGenerator
from aitia.systems.gan_dissection.planting import Planted
from aitia.systems.gan_dissection.study import Study, matched_units, window_at
from aitia.systems.gan_dissection.tail import Change, Tail
from aitia.worlds import TownWorld

__all__ = ["CLAIM"]

SEEDS = 5
GAN: Mapping[str, Any] = {"channels": (64, 64, 32), "batch": 32, "updates": 1000}
AFTER, LAYER, PLANTED = 1, "blocks.1", "units"
CHOOSING, SCORING, THUMBNAILS = 400, 100, 400
CHANCE, ALIKE, INSERTED = 20, 8, 4
CONFIG = GanDissectionConfig(units=5, samples=CHOOSING, updates=80)
OBJECTS, SEARCHED, MARK = ("house", "tree", "sun"), ("house", "tree"), "mark"
WINDOW = (2, 3)
WORLD = TownWorld()
RANDOM, MATCHED, CORRELATION, ACTIVATION, GRADIENT, SKY, ALL = (
    "the best random set",
    "the best set of as active units",
    "units that go with its area",
    "the most active units",
    "gradient times activation",
    "units of the sky",
    "all units",
)
GONE = "share of its pixels gone without its units"
Found = dict[str, float]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("towns", _seed, SEEDS)
    context.control("segmentations of other pictures", _shuffled)

    def values(name: str) -> list[float]:
        return [float(one[name]) for one in found]

    arms = (RANDOM, MATCHED, CORRELATION, ACTIVATION, GRADIENT, SKY, ALL)
    rows = [
        row("a", f"{name}: {GONE}", values(name), bar=0.7, note=_judges(),
            baselines={arm: values(f"{name}, {arm}") for arm in arms},
            ahead_of={RANDOM: 0.4, MATCHED: 0.4, CORRELATION: 0.0, SKY: 0.2})
        for name in OBJECTS
    ]  # fmt: skip
    rows += [
        row("b", f"{name}: change of all else without its units", values(f"{name}, others"), direction="lower",
            bar=0.5, baselines={ALL: values(f"{name}, others, {ALL}")}, ahead_of={ALL: 0.0})
        for name in OBJECTS
    ]  # fmt: skip
    rows += [
        row("c", f"{name}: gain at its usual place", values(f"{name}, gain"), bar=0.2,
            baselines={RANDOM: values(f"{name}, gain, {RANDOM}")}, ahead_of={RANDOM: 0.1})
        for name in OBJECTS
    ]  # fmt: skip
    most = [max(one[f"{name}, gain, {RANDOM}"] for name in OBJECTS) for one in found]
    rows += [
        row("c", "gain of the best random set, the largest of the objects", most, direction="lower", bar=0.03),
        row("d", "tree: gain in the sky over that on the ground", values("tree, sky"), direction="lower", bar=1 / 3,
            note=f"House: {np.mean(values('house, sky')):.2f}, not judged."),
        row("e", "gone by the search less by agreement", values("search gone"), kind="difference", bar=0.0),
        row("e", "change of all else: the search over agreement", values("search others"), kind="ratio",
            direction="lower", bar=0.7),
        row("f", f"square: {GONE}", values(MARK), bar=0.7,
            baselines={arm: values(f"{MARK}, {arm}") for arm in (RANDOM, MATCHED)},
            ahead_of={RANDOM: 0.4, MATCHED: 0.4}, note=f"Drawn in {np.mean(values('marked')):.0%} of the pictures."),
        row("f", "square: share of its units that are found", values("planted"), bar=0.9,
            baselines={SKY: values("planted, sky")}, ahead_of={SKY: 0.5}),
        row("f", "distance from pictures without a square: without its units over as drawn", values("distance"),
            kind="ratio", direction="lower", bar=0.8, baselines={RANDOM: values(f"distance, {RANDOM}")},
            ahead_of={RANDOM: 0.0}),
    ]  # fmt: skip
    rows += [
        row("g", f"{name}: {GONE}, segmenters exchanged", values(f"{name}, exchanged"), bar=0.7,
            baselines={RANDOM: values(f"{name}, exchanged, {RANDOM}")}, ahead_of={RANDOM: 0.4})
        for name in OBJECTS
    ]  # fmt: skip
    needs = (
        "Not run here: needs a StyleGAN of outdoor scenes and a segmenter; `aitia run gan-dissection --model "
        "my_stylegan:load --segmenter nvidia/segformer-b0-finetuned-ade-512-512 --layer synthesis.b16.conv1`."
    )
    return [*rows, row("h", f"church, tree: {GONE}", [], note=needs)]


def _seed(seed: int) -> Found:
    generator, (one, two) = _generator(seed), _segmenters()
    study, tails = _study(seed, one), _tails(generator, SCORING, seed)
    found: Found = {}
    for name in OBJECTS:
        found |= _arms(study, tails, two, name, seed)
        found |= _insertions(study, tails, two, name, seed)
    found |= _square(seed, one, two)
    found |= _search(study, tails, two)
    other = _study(seed, two)
    for name in OBJECTS:
        exchanged = _arms(other, tails, one, name, seed, few=True)
        found |= {f"{name}, exchanged": exchanged[name], f"{name}, exchanged, {RANDOM}": exchanged[f"{name}, {RANDOM}"]}
    return found


def _shuffled(seed: int) -> Found:
    """Units that agree with what another picture shows."""
    one, two = _segmenters()
    study = _study(seed, _Rolled(one))
    tails = _tails(_generator(seed), SCORING, seed)
    return {f"{name}: {GONE}": _arms(study, tails, two, name, seed, few=True)[name] for name in OBJECTS}


def _arms(study: Study, tails: Sequence[Tail], referee: Segmenter, name: str, seed: int, *, few: bool = False) -> Found:
    """Share gone by ours and each arm; without `few` what becomes of all else too."""
    units, total, k = study.best(name, CONFIG), len(study.means), tuple(referee.names).index(name)
    sets: dict[str, list[tuple[int, ...]]] = {
        "": [units],
        RANDOM: random_units(units, total, CHANCE, seed),
        MATCHED: matched_units(units, study.means, ALIKE, seed),
    }
    if not few:
        for arm, ranking in ((CORRELATION, "correlation"), (ACTIVATION, "activation"), (GRADIENT, "gradient")):
            sets[arm] = [study.best(name, replace(CONFIG, ranking=ranking))]  # type: ignore[arg-type]
        sets |= {SKY: [study.best("sky", CONFIG)], ALL: [tuple(range(total))]}
    flat = [one for several in sets.values() for one in several]
    each = swept(tails, referee, [Change(one) for one in flat])
    gone = [removed(each[0, :, k], after[:, k]) for after in each[1:]]
    found, start = {}, 0
    for arm, several in sets.items():
        found[f"{name}, {arm}" if arm else name] = max(gone[start : start + len(several)])
        if arm in ("", ALL):
            found[f"{name}, others, {arm}" if arm else f"{name}, others"] = others(each[0], each[1 + start], [k])
        start += len(several)
    return found


def _insertions(study: Study, tails: Sequence[Tail], referee: Segmenter, name: str, seed: int) -> Found:
    """What an object gains of the pixels where it is put in: at its usual place, and in the sky."""
    units, shape = study.best(name, CONFIG), (study.maps.shape[2], study.maps.shape[3])
    level = study.levels()[study.names.index(name)]
    sets = [units, *random_units(units, len(study.means), INSERTED, seed)]

    def gains(cells: Tensor) -> list[float]:
        changes = [Change(some, tuple(level[list(some)].tolist()), cells) for some in sets]
        return [float(gain) for gain in gained(tails, referee, name, changes)]

    usual = gains(study.window(name, WINDOW))
    found = {f"{name}, gain": usual[0], f"{name}, gain, {RANDOM}": max(usual[1:])}
    if name != "sun":
        sky = gains(window_at(0, (shape[1] - WINDOW[1]) // 2, WINDOW, shape))
        found[f"{name}, sky"] = max(sky[0], 0.0) / max(usual[0], 1e-3)
    return found


def _search(study: Study, tails: Sequence[Tail], referee: Segmenter) -> Found:
    """Means over two objects: what the search removes and spoils, beside agreement."""
    gone, spoilt = [], []
    for name in SEARCHED:
        k = tuple(referee.names).index(name)
        sets = [study.best(name, CONFIG), study.best(name, replace(CONFIG, ranking="ace", spare=1.0))]
        each = swept(tails, referee, [Change(units) for units in sets])
        by_agreement, by_search = (removed(each[0, :, k], after[:, k]) for after in each[1:])
        gone.append(by_search - by_agreement)
        spoilt.append([others(each[0], after, [k]) for after in each[1:]])
    whole = np.mean(spoilt, axis=0)
    return {"search gone": float(np.mean(gone)), "search others": float(whole[1] / max(whole[0], 1e-9))}


def _square(seed: int, chooser: Segmenter, referee: Segmenter) -> Found:
    """What is found of the planted units, and what becomes of the square and of thumbnails without those found."""
    plain = _generator(seed)
    random = np.random.default_rng(seed)
    total = next(shape[0] for site, shape in plain.layers().items() if str(site) == LAYER)
    truth = tuple(sorted(random.choice(total, CONFIG.units, replace=False).tolist()))
    generator = ImageGenerator(Planted(cast(Generator, plain.model), AFTER, truth, seed=seed))
    study = _study(seed, chooser, generator, PLANTED)
    tails = _tails(generator, SCORING, seed, PLANTED)
    best = study.best(MARK, CONFIG)
    found: Found = {
        "marked": float(study.drawn[study.names.index(MARK)]),
        "planted": len(set(best) & set(truth)) / len(truth),
        "planted, sky": len(set(study.best("sky", CONFIG)) & set(truth)) / len(truth),
        **_arms(study, tails, referee, MARK, seed, few=True),
    }
    true = from_bytes(WORLD.render(WORLD.sample(THUMBNAILS, seed=seed + 40_000), size=generator.size[0]))
    changes = [Change(best), Change(random_units(best, total, 1, seed)[0])]
    drawn: list[list[Tensor]] = [[], [], []]
    for tail in _tails(generator, THUMBNAILS, seed + 1, PLANTED):
        for part, x in zip(drawn, (tail.pictures, *tail.changed(changes)), strict=True):
            part.append(_thumbnails(x))
    whole, without, chance = (
        frechet_distance(torch.cat(part).double().numpy(), _thumbnails(true).double().numpy()) for part in drawn
    )
    return {**found, "distance": without / whole, f"distance, {RANDOM}": chance / whole}


def _thumbnails(x: Tensor) -> Tensor:
    return adaptive_avg_pool2d(x, 4).flatten(1)


@lru_cache(maxsize=2)
def _generator(seed: int) -> ImageGenerator:
    return ImageGenerator(town_gan(seed, **GAN).generator)


@lru_cache(maxsize=1)
def _segmenters() -> tuple[SmallSegmenter, SmallSegmenter]:
    """One that chooses and one that scores: other pictures, other weights; the same for all seeds."""
    return segmenter(0), segmenter(1)


def _judges() -> str:
    one, two = _segmenters()
    worst = min(two.iou[name] for name in OBJECTS)
    return (
        f"Chosen by the segmenter {one.fingerprint[:12]}, scored by {two.fingerprint[:12]}, whose agreement with true "
        f"pictures is {worst:.2f} or more."
    )


def _study(seed: int, chooser: Segmenter, generator: ImageGenerator | None = None, layer: str = "") -> Study:
    generator = generator or _generator(seed)
    return Study.of(generator, layer or LAYER, generator.noise(CHOOSING, seed + 10_000), chooser, CONFIG)


def _tails(generator: ImageGenerator, rows: int, seed: int, layer: str = "") -> list[Tail]:
    z = generator.noise(rows, seed + 20_000)
    return [Tail(generator, layer or LAYER, part) for part in torch.split(z, CONFIG.batch)]


class _Rolled:
    """Says of each picture what the next one shows."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter, self.names = segmenter, segmenter.names

    def probabilities(self, x: Tensor) -> Tensor:
        """As of a segmenter, moved by one row."""
        return self._segmenter.probabilities(x).roll(1, 0)


CLAIM = Claim(CARD, run, minutes=8, swap=MATCHED, controls=("segmentations of other pictures",))
