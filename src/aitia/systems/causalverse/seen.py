"""Rows of the worlds of the claim as they are seen, and the score of a method that is fitted to them, see `claim`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.representations import CodeScore, rows_of, split_rows
from aitia.systems.causalverse.model import CausalVerse
from aitia.worlds import LatentProcessWorld, ProcessConfig
from aitia.worlds.static_scenes import StaticWorld

__all__ = ["SeenRows", "features", "fitted", "plain", "process", "seen_images", "shuffled"]

Values = NDArray[np.float64]
HELD_OUT = 0.2
FEATURES = 64
RATE = 3e-3


@dataclass(frozen=True)
class SeenRows:
    """Rows, and what their columns are."""

    data: Data
    roles: Mapping[str, Any]
    id: NDArray[Any]

    def split(self, share: float, seed: int) -> tuple[Data, Data]:
        """Rows to fit on and rows of other ids."""
        kept, held = split_rows(self.id, share, seed)
        return self.data.take(kept), self.data.take(held)


def seen_images(world: StaticWorld, n: int, seed: int, views: tuple[str, ...] = ("front",)) -> SeenRows:
    """Features of the images of n ids from each of these cameras, with all true variables as labels."""
    sample = world.sample(n, seed=seed)
    seen = features(np.concatenate([world.render(sample, size=32, view=view) for view in views]), seed)
    again = np.tile(np.arange(n), len(views))
    data = rows_of(
        seen,
        {name: sample[name][again] for name in world.names},
        domain=sample.labels[again],
        id=again,
    )
    roles = {"feature": [f"x{k + 1}" for k in range(seen.shape[1])], "truth": list(world.names)}
    angles = [latent.name for latent in world.latents if latent.kind == "angle"]
    return SeenRows(data, {**roles, "angle": angles} if angles else roles, again.astype(str))


def features(images: NDArray[np.uint8], seed: int) -> NDArray[np.float32]:
    """The leading principal components of a thousand of the images, of all of them."""
    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    some = pixels[np.random.default_rng([seed, 5]).permutation(len(pixels))[:1000]]
    middle = some.mean(axis=0)
    directions = np.linalg.svd(some - middle, full_matrices=False)[2][:FEATURES]
    seen: NDArray[np.float32] = (pixels - middle) @ directions.T
    return seen


def shuffled(data: SeenRows, column: str, seed: int) -> SeenRows:
    """The same rows with one known column dealt out anew among them."""
    known = data.data.known
    dealt = known.take(np.random.default_rng([seed, 6]).permutation(len(known)))
    return replace(data, data=data.data.with_known({column: dealt.column(column)}, {column: known.kind(column)}))


def fitted(
    method: type[Any], data: SeenRows, seed: int, learnt_from: SeenRows | None = None, **options: Any
) -> CodeScore:
    """The score on a fifth of the ids of what was fitted on the others, or on the others of `learnt_from`."""
    train, test = (data if learnt_from is None else learnt_from).split(HELD_OUT, seed)[0], data.split(HELD_OUT, seed)[1]
    given: dict[str, Any] = {
        "hidden": 128,
        "scale": "common",
        "batch": 128,
        "learning_rate": RATE,
        "device": "cpu",
        **options,
    }
    model = method(seed=seed, **given).fit(train, **data.roles)
    return _scored(model.codes(test), test, data, seed)


def _scored(codes: Values, rows: Data, data: SeenRows, seed: int) -> CodeScore:
    truth = {name: columns for name, columns in data.roles.items() if name != "feature"}
    return CausalVerse(seed=seed).score(codes, rows, **truth)


def plain(score: CodeScore) -> dict[str, float]:
    """The numbers of a score that rows show."""
    assert score.mcc is not None
    return {"mcc": score.mcc, "best": score.best_correlation, "r2": score.r2}


def process(config: ProcessConfig, n: int, seed: int, *, in_order: bool = True) -> SeenRows:
    """Clips of the latents of a process through a random invertible map; their frames may be put in random order."""
    world = LatentProcessWorld(config)
    sample = world.sample(n, seed=seed)
    z = np.stack([sample[name] for name in world.names], axis=-1)
    if not in_order:
        order = np.random.default_rng([seed, 10]).permuted(np.indices(z.shape[:2])[1], axis=1)
        z = np.take_along_axis(z, order[..., None], axis=1)
    domain = sample.labels if len(sample.environments) > 1 else None
    data = rows_of(_mixed(z, seed), dict(zip(world.names, np.moveaxis(z, -1, 0), strict=True)), domain=domain)
    return SeenRows(data, {"truth": list(world.names)}, np.arange(n))


def _mixed(z: Values, seed: int) -> Values:
    """Turned, bent by a leaky ReLU of slope 1/2, twice, and turned again."""
    rng = np.random.default_rng([seed, 9])
    flat = z.reshape(-1, z.shape[-1])
    x: Values = (z - flat.mean(axis=0)) / flat.std(axis=0)
    for layer in range(3):
        x = x @ np.linalg.qr(rng.normal(size=(z.shape[-1],) * 2))[0]
        x = np.where(x < 0, 0.5 * x, x) if layer < 2 else x
    return x
