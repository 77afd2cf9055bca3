"""Physics for the claim: ponds whose captions name causes alone, see `aitia.worlds.PondWorld`.

The painter saw most colours with one material, so that a dropped ball of the other one has to float, or sink, against
what is usual. `diagnosed` masks a region of true pictures and has it drawn anew given all the rest; `separable` reads
physics and texture off the embedding of prompts.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.nn.pipelines import ImagePipeline
from aitia.nn.pixels import from_bytes, to_bytes
from aitia.stats.metrics.attribution import auroc
from aitia.systems.lina.drawing import Prompted, Strengths
from aitia.systems.lina.evaluators import Evaluator
from aitia.systems.lina.inpainting import redrawn
from aitia.systems.lina.marks import Marks, Wants
from aitia.systems.lina.policy import pooled
from aitia.systems.lina.ponds import READ
from aitia.systems.lina.prompts import prompted
from aitia.worlds import PondWorld
from aitia.worlds.pond import CAUSES, EFFECTS, FAVOURITES
from aitia.worlds.sample import Sample

__all__ = ["DIRECT", "ORDER", "PHYSICS", "asked", "diagnosed", "ponds", "separable"]

PHYSICS: Mapping[str, tuple[str, ...]] = {"level": EFFECTS["level"], "shadow": EFFECTS["shadow"],
                                          "reflection": EFFECTS["reflection"]}  # fmt: skip
"""What follows from what is told; the last over two arrows."""
DIRECT = ("colour", "side", "time")
ORDER = (*DIRECT, *PHYSICS)
WORLD = PondWorld()


def ponds(unusual: bool, seed: int) -> Sample:
    """One pond of every combination of causes whose material is the favourite of its colour, or is not."""
    sizes = [len(words) for words in CAUSES.values()]
    codes = np.stack(np.unravel_index(np.arange(int(np.prod(sizes))), sizes), axis=1)
    names = list(CAUSES)
    favourite = FAVOURITES[codes[:, names.index("colour")]]
    codes = codes[(codes[:, names.index("material")] != favourite) == unusual]
    sample = WORLD.sample(len(codes), seed=seed, env="balanced")
    noise = dict(sample.noise)
    for place, (name, words) in enumerate(CAUSES.items()):
        noise[name] = (codes[:, place] + 0.5) / len(words)  # noise that gives this label, as shares are even
    found: Sample = WORLD.counterfactual(Sample({}, noise, sample.env, sample.environments, sample.categories, {}))
    return found


def asked(pipeline: ImagePipeline, sample: Sample) -> tuple[Prompted, Wants, NDArray[np.str_]]:
    """Prompts of ponds, the physics that they want, and their groups: balls that differ in being held alone."""
    texts = WORLD.captions(sample)
    materials = [CAUSES["material"][int(code)] for code in sample["material"]]
    codes = np.stack([sample[name] for name in PHYSICS], axis=1).astype(np.int64)
    groups = np.array([f"{c:.0f} {s:.0f} {t:.0f}" for c, s, t in
                       zip(sample["colour"], sample["side"], sample["time"], strict=True)])  # fmt: skip
    return prompted(pipeline, texts, materials), Wants(PHYSICS, codes), groups


def _regions(size: int) -> dict[tuple[str, ...], NDArray[np.bool_]]:
    """By the attributes that are read off it, (size, size): what is masked hides them and nothing else.

    Ball and reflection: all places where either can be, both sides of the post (the sun is drawn anew with them).
    Shadow: the strip below the surface.
    Sun: the strip where it can stand.
    """
    y, x = np.meshgrid(1 - (np.arange(size) + 0.5) * 2 / size, (np.arange(size) + 0.5) * 2 / size - 1, indexing="ij")
    return {
        ("colour", "side", "level", "reflection"): (np.abs(x) > 0.15) & (y < 0.9),
        ("shadow",): (y < 0.05) & (y > -0.25),
        ("time",): y > 0.5,
    }


def diagnosed(
    pipeline: ImagePipeline, judges: tuple[Evaluator, Evaluator], seed: int, strengths: Strengths, steps: int
) -> dict[str, float]:
    """Share of wrong readings of each attribute whose region was drawn anew, on ponds with unusual materials.

    The mean over both judges, of the same pictures; nothing is chosen.
    """
    sample = ponds(True, seed)
    size = int(pipeline.noise(1, 0).shape[2])
    x = from_bytes(WORLD.render(sample, size=size))
    told, noise = prompted(pipeline, WORLD.captions(sample)), pipeline.noise(len(x), seed + 7)
    wrong = {}
    for names, region in _regions(size).items():
        mask = torch.from_numpy(np.broadcast_to(region, (len(x), size, size)).copy())
        made = to_bytes(redrawn(pipeline, told, x, mask, noise, strengths, steps))
        for name in names:
            wants = Wants({name: READ[name]}, sample[name].astype(np.int64)[:, None])
            said = [Marks({name: judge.probabilities(made, name, READ[name])[:, None]}) for judge in judges]
            wrong[name] = 1 - float(np.mean([marks.right(wants).mean() for marks in said]))
    return wrong


def separable(pipeline: ImagePipeline, seed: int) -> dict[str, float]:
    """Area under the curve of probes for physics (the time of day, which turns the shadow) and for texture (a warm or a
    cold colour) on prompts that they did not see, and by how much moving one moves the other, as a part of its range.
    """
    both = [ponds(unusual, seed) for unusual in (False, True)]
    texts = [text for sample in both for text in WORLD.captions(sample, style="varied")]
    h = pooled(prompted(pipeline, texts).said)
    labels = {
        "physics": np.concatenate([sample["time"] for sample in both]) * 2 - 1,
        "texture": (np.concatenate([sample["colour"] for sample in both]) >= 2) * 2.0 - 1,
    }
    seen = np.random.default_rng(seed).random(len(h)) < 0.5
    mean, found, slopes = h[seen].mean(0), {}, {}
    x = h - mean
    for name, y in labels.items():
        kernel = x[seen] @ x[seen].T
        slopes[name] = x[seen].T @ np.linalg.solve(
            kernel + 1e-3 * np.trace(kernel) / len(kernel) * np.eye(len(kernel)), y[seen]
        )
        found[name] = auroc(x[~seen] @ slopes[name], y[~seen] > 0)
    for name, other in (("physics", "texture"), ("texture", "physics")):
        along = h[seen & (labels[name] > 0)].mean(0) - h[seen & (labels[name] < 0)].mean(0)
        said = x[~seen] @ slopes[other]
        span = said[labels[other][~seen] > 0].mean() - said[labels[other][~seen] < 0].mean()
        found[f"{name} moves {other}"] = float(abs(along @ slopes[other]) / abs(span))
    return found
