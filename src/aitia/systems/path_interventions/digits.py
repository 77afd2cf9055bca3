"""What the claim of path interventions measures of networks that read handwritten digits, see `claim`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.nn.sites import Network
from aitia.stats.metrics import auroc, irof, local_lipschitz
from aitia.systems.path_interventions.attribution import (
    as_map,
    grad_cam,
    input_x_gradient,
    integrated_gradients,
    saliency,
)
from aitia.systems.path_interventions.explained import Explained
from aitia.systems.path_interventions.explanation import CausalExplanation
from aitia.systems.path_interventions.gradient_units import by_gradient
from aitia.systems.path_interventions.model import PathInterventions
from aitia.systems.path_interventions.units import logits_of
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["DRAWS", "digits", "explained", "fitted", "said"]

IMAGES, DRAWS, SHOWN = 50, 5, 10
FEWEST = 10
"""Images that are said right below which a class is left out; only networks of shuffled labels have such classes."""
CONVOLUTION = "3"
"""The convolution of `classifier` whose paths are drawn as maps."""
Found = dict[str, Any]
Values = NDArray[np.float64]


def classifier(classes: int) -> nn.Sequential:
    """The network of both parts, for grey images of 16x16."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(256, 32), nn.ReLU(), nn.Linear(32, classes),
    )  # fmt: skip


class _Loss(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return nn.functional.cross_entropy(self.model(images), labels)


def fitted(images: Tensor, labels: Values, seed: int, steps: int) -> nn.Sequential:
    """The network, trained."""
    torch.manual_seed(seed)
    model = classifier(int(labels.max()) + 1)
    batches = RowBatches((images, torch.from_numpy(labels.astype(np.int64))), 64, seed)
    train(_Loss(model), batches, TrainConfig(steps, 3e-3, seed=seed, device="cpu"))
    return model.eval()


def explained(
    model: nn.Module,
    images: Tensor,
    labels: Values | None,
    target: int,
    /,
    *,
    references: Tensor | None = None,
    **options: Any,
) -> CausalExplanation:
    """What path interventions find of a class; a row is the numbers of one image."""
    rows = {"pixels": images.flatten(1).numpy()}
    given: dict[str, Any] = {"inputs": "pixels", "model": model}
    if labels is not None:
        given["label"] = labels.astype(np.int64)
    if references is not None:
        rows["without"] = references.flatten(1).numpy()
        given["reference_inputs"] = "without"
    method = PathInterventions(of_class=str(target), shape=tuple(images.shape[1:]), **options)
    return method.fit(rows, **given).found


def digits(shuffled: bool, seed: int) -> Found:
    """What is measured of each class, in lists over the classes; `gradient` says of the baseline.

    Args:
        shuffled: Whether the labels are dealt out anew among the images, so that there is nothing to learn.
        seed: Of the split, of the network and of the deal.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    if shuffled:
        labels = np.random.default_rng([seed, 3]).permutation(labels)
    grey = torch.from_numpy(images.reshape(-1, 1, 8, 8) / 16).float()
    x = nn.functional.interpolate(grey, (16, 16), mode="bilinear", align_corners=False)
    order = np.random.default_rng(seed).permutation(len(x))
    early, late = order[:1200], order[1200:]
    model = fitted(x[early], labels[early], seed, 230)
    right = early[said(model, x[early]) == labels[early]]
    found: Found = {}
    for target in range(10):
        mine = right[labels[right] == target]
        if len(mine) < FEWEST:
            continue
        halves = [mine[: len(mine) // 2][:IMAGES], mine[len(mine) // 2 :][:IMAGES]]
        graphs = [explained(model, x[half], labels[half], target) for half in halves]
        others = [by_gradient(graph, model, x[half]) for graph, half in zip(graphs, halves, strict=True)]
        on, other = graphs[0].on(model), others[0].on(model)
        measured = {
            **_cuts(on, x[late], labels[late]),
            "share": graphs[0].share,
            "agreement": graphs[0].agreement(graphs[1]),
            "gradient agreement": others[0].agreement(others[1]),
            "gradient share": others[0].share,
        }
        measured |= {f"gradient {name}": value for name, value in _cuts(other, x[late], labels[late]).items()}
        if all(any(m.layer == CONVOLUTION and m.cause_units for m in g.layers) for g in (graphs[0], others[0])):
            measured |= _maps(on, other, x[late], labels[late])
        for name, value in measured.items():
            found.setdefault(name, []).append(float(value))
    return found


def _logits(system: nn.Module | Network, images: Tensor) -> Values:
    with torch.no_grad():
        logits: Values = logits_of(system(images)).double().numpy()
    return logits


def said(system: nn.Module | Network, images: Tensor) -> NDArray[np.int64]:
    """The class that a network says of each image."""
    classes: NDArray[np.int64] = _logits(system, images).argmax(axis=1)
    return classes


def _cuts(on: Explained, x: Tensor, labels: NDArray[np.int64]) -> Found:
    """What the class, and the others, lose in accuracy; and how well the paths alone tell the class."""
    own = labels == on.explanation.target

    def lost(system: Network) -> tuple[float, float]:
        after = said(system, x) == labels
        return float(before[own].mean() - after[own].mean()), float(before[~own].mean() - after[~own].mean())

    before = said(on.network.model, x) == labels
    mine, others = lost(on.without())
    return {
        "lost": mine,
        "others lost": others,
        "random lost": np.mean([lost(on.at_random(draw))[0] for draw in range(DRAWS)]),
        "only": auroc(_logits(on.only(), x)[:, on.explanation.target], own),
    }


def _maps(on: Explained, other: Explained, x: Tensor, labels: NDArray[np.int64]) -> Found:
    """Median Lipschitz estimate and mean IROF of every kind of map, on images that the model gets right."""
    model, target = on.network.model, on.explanation.target
    rows = np.flatnonzero((labels == target) & (said(model, x) == target))[:SHOWN]
    images = x[rows].double().numpy()

    def of(function: Callable[[Tensor], Tensor]) -> Callable[[Values], Values]:
        return lambda z: as_map(function(torch.from_numpy(z).float())).double().numpy()

    kinds: dict[str, Callable[[Values], Values]] = {
        "causal": lambda z: on.attribute(torch.from_numpy(z).float()),
        "causal, sum": lambda z: on.attribute(torch.from_numpy(z).float(), spread="sum"),
        "gradient": lambda z: other.attribute(torch.from_numpy(z).float()),
        "saliency": of(lambda z: saliency(model, z, target)),
        "input x gradient": of(lambda z: input_x_gradient(model, z, target)),
        "integrated gradients": of(lambda z: integrated_gradients(model, z, target, steps=16)),
        "Grad-CAM": of(lambda z: grad_cam(model, z, target, "3")),
        "random map": lambda z: np.random.default_rng(target).random((len(z), *z.shape[2:])),
    }

    def probability(z: Values) -> Values:
        logits = torch.from_numpy(_logits(model, torch.from_numpy(z).float()))
        return torch.softmax(logits, dim=1)[:, target].numpy()

    found: Found = {}
    for name, kind in kinds.items():
        if name != "random map":  # the same for every image, hence without change
            found[f"lipschitz {name}"] = np.median(local_lipschitz(kind, images))
        found[f"irof {name}"] = irof(probability, images, kind(images)).mean()
    return found
