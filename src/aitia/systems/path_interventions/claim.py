"""The claim of path interventions, on handwritten digits and on shapes with a planted cue.

A network of two convolutions (8, 16), 32 units and the classes is trained on the digits of scikit-learn (8x8, enlarged
to 16x16, 1200 for training), and on the shapes of `ShapesWorld` in its environment `train`. The explanations are the
paper's: hard interventions, its z test at 5 %, 50 images of a class. The swap stands in every part: as many units of
each layer by the size of activation times gradient, and the paths that lead from them to those above.

(a) Necessity: what a class loses when the paths of its graph are cut, beside as many paths at random (five draws).
(b) Sufficiency: whether the logit of the network that has only these paths still tells the class from the others.
(c) Stability: the local Lipschitz estimate of the attribution maps beside that of gradients, as the ratio of medians
    over images, median over classes and seeds; and the agreement of graphs from two disjoint samples of images. IROF is
    reported beside it, as a smooth map is stable whatever it shows. The paper leaves open whether the softmax is taken
    of every contribution or of their sum. The first was chosen on seed 100, where its maps were stabler and as
    faithful; the second has rows of its own, without a bar.
(d) Repair: the accuracy gap that the patch opens on other classes, over pictures with and without it (balanced classes,
    fresh rows), and how much of it is closed by cutting carriers of the patch into the first linear layer. How many is
    chosen on other rows. Single cells of the maps are candidates there; with whole channels, as published, the corner
    cannot be cut without the rest, and that is measured beside it, as is choosing by what causes mistakes but not right
    answers. The strongest rival takes the cells whose activation times gradient differs most with and without the
    patch, which guesses the same interventions from one backward pass.

Control: a network that was trained on shuffled labels, of the classes that it says right of ten images or more. It is
an arm of (a) to (c) in every seed as well, and passes what (c) asks: a stable map or graph need not show anything.

Everything was developed on seeds from 100 on.
"""

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.nn.sites import Network
from aitia.systems.path_interventions.digits import DRAWS, digits, explained, fitted, said
from aitia.systems.path_interventions.explanation import CausalExplanation
from aitia.systems.path_interventions.gradient_units import by_gradient
from aitia.systems.path_interventions.model import PathInterventions
from aitia.systems.path_interventions.repairing import repair
from aitia.worlds import Sample, ShapesWorld

__all__ = ["CLAIM"]

SEEDS = 10
COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
LINEAR = "7"
"""The first linear layer of `classifier`, where repairs cut."""
GRADIENT, SHUFFLED, RANDOM = (
    "units of the largest |activation x gradient|",
    "labels shuffled",
    "as many paths at random",
)
DIFFERENCE = "cells of the largest difference of activation x gradient"
NECESSITY = "accuracy that a class loses without the paths of its graph"
SUFFICIENCY = "AUROC of the class's logit with the paths of the graph only"
Found = dict[str, Any]
Values = NDArray[np.float64]


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    found = context.over_seeds("digits", partial(digits, False), SEEDS)
    nothing = context.over_seeds("digits, labels shuffled", partial(digits, True), SEEDS)
    context.control(SHUFFLED, _labels_shuffled)
    return [*_necessity(found, nothing), *_sufficiency(found, nothing), *_stability(found, nothing), *_part_d(context)]


def _part_d(context: ClaimContext) -> list[Row]:
    return _repair(context.over_seeds("shapes", _shapes, SEEDS))


def _labels_shuffled(seed: int) -> dict[str, float]:
    found = digits(True, seed)
    return {NECESSITY: float(np.mean(found["lost"])), SUFFICIENCY: float(np.mean(found["only"]))}


# -- (d): shapes with a cue -------------------------------------------------------------------------------------------


def _shapes(seed: int) -> Found:
    world = ShapesWorld()
    seen = world.sample(3000, seed=seed, env="train")
    model = fitted(_pictures(world, seen), seen["shape"], seed, 650)
    chosen, fresh = (_both(world, seed + start, 600) for start in (1000, 2000))
    before = _gap(model, *fresh)
    found: Found = {"gap": before[0], "clean": before[1]}
    options = {"images": 600, "batch_size": 4096}
    cue: dict[str, Any] = {"which": "all", "references": chosen[1], **options}
    carriers = explained(model, chosen[0], None, 0, cells=True, **cue)
    channels = explained(model, chosen[0], None, 0, **cue)
    mistaken = _mistakes(model, chosen, options)
    ways = {
        "cells": carriers,
        "channels": channels,
        "mistakes": mistaken,
        "gradient": by_gradient(carriers, model, chosen[0]),
        "difference": by_gradient(carriers, model, chosen[0], chosen[1]),
    }
    for name, graph in ways.items():
        done = repair(graph.on(model), *chosen, LINEAR, counts=COUNTS)
        gap, clean = _gap(done.system, *fresh)
        found |= {
            f"{name} closed": 1 - gap / before[0],
            f"{name} lost": before[1] - clean,
            f"{name} cut": len(done.units),
        }
        if name == "cells":
            rng = np.random.default_rng([seed, 7])
            closed: list[float] = []
            lost: list[float] = []
            for _ in range(DRAWS):
                units = rng.choice(256, len(done.units), replace=False).tolist()
                gap, clean = _gap(carriers.on(model).cut({LINEAR: units}, whole=True), *fresh)
                closed, lost = [*closed, 1 - gap / before[0]], [*lost, before[1] - clean]
            found |= {"random closed": np.mean(closed), "random lost": np.mean(lost)}
    return {name: float(value) for name, value in found.items()}


def _mistakes(model: nn.Module, images: tuple[Tensor, Tensor, Values], options: dict[str, Any]) -> CausalExplanation:
    """Causes of class 0 where it is said by mistake, without those of another class where that is said right."""
    labels = images[2]
    options = {**options, "cells": True}
    wrong = explained(model, images[0], labels, 0, which="mistaken", **options)
    right = said(model, images[1]) == labels
    classes = [c for c in range(1, 4) if right[labels == c].any()]
    return wrong.beyond([explained(model, images[1], labels, c, **options) for c in classes])


def _pictures(world: ShapesWorld, sample: Sample) -> Tensor:
    grey = world.render(sample, size=16)[..., :1].transpose(0, 3, 1, 2)
    return torch.from_numpy(grey.astype(np.float32) / 255)


def _both(world: ShapesWorld, seed: int, n: int) -> tuple[Tensor, Tensor, Values]:
    """The same pictures with the patch and without, and their classes."""
    rows = world.sample(n, seed=seed, env="balanced")
    with_patch, without = (
        _pictures(world, world.counterfactual(rows, {"patch": label})) for label in ("present", "absent")
    )
    return with_patch, without, rows["shape"]


def _gap(system: nn.Module | Network, with_patch: Tensor, without: Tensor, labels: Values) -> tuple[float, float]:
    """The gap over other classes, and the accuracy over all without the patch."""
    other = labels != 0
    present, absent = (said(system, x) == labels for x in (with_patch, without))
    return float(abs(absent[other].mean() - present[other].mean())), float(absent.mean())


# -- rows --------------------------------------------------------------------------------------------------------------


def _mean(results: list[Found], name: str) -> list[float]:
    return [float(np.mean(r[name])) for r in results]


def _ratios(results: list[Found], above: str, below: str) -> list[float]:
    return [a / b for a, b in zip(_mean(results, above), _mean(results, below), strict=True)]


def _necessity(found: list[Found], nothing: list[Found]) -> list[Row]:
    return [
        row(
            "a", NECESSITY, _mean(found, "lost"), bar=0.40,
            baselines={
                RANDOM: _mean(found, "random lost"), GRADIENT: _mean(found, "gradient lost"),
                SHUFFLED: _mean(nothing, "lost"),
            },
            ahead_of={RANDOM: 0.2, GRADIENT: 0.0}, note="Share of the class's images, mean over ten classes.",
        ),
        row(
            "a", "loss by as many random paths / loss by the paths of the graph", _ratios(found, "random lost", "lost"),
            direction="lower", bar=0.65, kind="ratio", against=RANDOM,
            baselines={GRADIENT: _ratios(found, "gradient random lost", "gradient lost")},
        ),
        row(
            "a", "accuracy that other classes lose / that the class loses", _ratios(found, "others lost", "lost"),
            direction="lower", bar=1.0, kind="ratio",
            baselines={GRADIENT: _ratios(found, "gradient others lost", "gradient lost")},
            note="Collateral damage: units are shared between classes.",
        ),
    ]  # fmt: skip


def _sufficiency(found: list[Found], nothing: list[Found]) -> list[Row]:
    return [
        row(
            "b", SUFFICIENCY, _mean(found, "only"), bar=0.9,
            baselines={GRADIENT: _mean(found, "gradient only"), SHUFFLED: _mean(nothing, "only")},
            ahead_of={GRADIENT: 0.0},
            note="Against images of the other classes; other outputs are cut, so the largest logit says nothing.",
        ),
        row(
            "b", "share of the tried units in the graph", _mean(found, "share"), direction="lower", bar=0.7,
            baselines={GRADIENT: _mean(found, "gradient share")},
            note="The baseline is given the number of units, which the graph has to find.",
        ),
    ]  # fmt: skip


def _steadier(results: list[Found], ours: str, other: str) -> list[float]:
    """In each seed the median over the classes of one Lipschitz estimate over another."""
    names = (f"lipschitz {ours}", f"lipschitz {other}")
    return [float(np.median(np.divide(*(np.array(r[name]) for name in names)))) for r in results]


def _stability(found: list[Found], nothing: list[Found]) -> list[Row]:
    rows = []
    for ours, judged in (("causal", True), ("causal, sum", False)):
        told = "attribution maps" if judged else "attribution maps with the softmax after the sum"
        for other in ("saliency", "input x gradient", "integrated gradients", "Grad-CAM"):
            arms = {SHUFFLED: _steadier(nothing, ours, other)}
            if judged:
                arms[GRADIENT] = _steadier(found, "gradient", other)
            rows.append(
                row(
                    "c", f"Lipschitz estimate of {told} / of {other}", _steadier(found, ours, other), baselines=arms,
                    bar=0.7 if judged and other != "Grad-CAM" else None, statistic="median", kind="ratio",
                    direction="lower",
                    note="So it is in a network of shuffled labels too: that a map is stable says nothing of what it "
                    "shows." if judged else "",
                )
            )  # fmt: skip
    names = ("gradient", "saliency", "input x gradient", "integrated gradients", "Grad-CAM", "random map",
             "causal, sum")  # fmt: skip
    rows.append(
        row(
            "c", "IROF of the attribution maps", _mean(found, "irof causal"), direction="lower",
            baselines={GRADIENT if name == "gradient" else name: _mean(found, f"irof {name}") for name in names},
            note="Area under p(class) as segments of 4x4 pixels, highest first, go to the image's mean; without a bar.",
        )
    )  # fmt: skip
    rows.append(
        row(
            "c", "Jaccard index of graphs from two disjoint samples of images", _mean(found, "agreement"), bar=0.7,
            baselines={GRADIENT: _mean(found, "gradient agreement"), SHUFFLED: _mean(nothing, "agreement")},
            ahead_of={GRADIENT: 0.0}, note="The baseline is given the number of units, which the graph has to find.",
        )
    )  # fmt: skip
    return rows


def _repair(results: list[Found]) -> list[Row]:
    def of(name: str) -> list[float]:
        return [float(r[name]) for r in results]

    ways = {
        GRADIENT: "gradient", DIFFERENCE: "difference", "whole channels, as published": "channels",
        "causes of mistakes only": "mistakes", "random cells": "random",
    }  # fmt: skip
    note = (
        f"Gap {np.mean(of('gap')):.2f} before, accuracy without the patch {np.mean(of('clean')):.2f}; cells cut: "
        f"{', '.join(f'{value:g}' for value in of('cells cut'))}."
    )
    return [
        row(
            "d", "share of the patch's gap that is closed", of("cells closed"), bar=0.5,
            baselines={told: of(f"{name} closed") for told, name in ways.items()},
            ahead_of={GRADIENT: 0.2, DIFFERENCE: 0.0}, note=note,
        ),
        row(
            "d", "accuracy without the patch that is lost", of("cells lost"), direction="lower", bar=0.03,
            baselines={told: of(f"{name} lost") for told, name in ways.items()},
        ),
    ]  # fmt: skip


CLAIM = Claim(
    PathInterventions.card, run, minutes=4, swap=GRADIENT, cheapest=_part_d, controls=(SHUFFLED,)
)  # fmt: skip
"""What `aitia verify path-interventions` runs."""
