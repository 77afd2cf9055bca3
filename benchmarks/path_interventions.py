"""Path interventions on a small conv net, beside a loop that re-runs the whole network for every unit: one run.

OMP_NUM_THREADS=1 python benchmarks/path_interventions.py [--full] [--json FILE]

A random network of three convolutions (16, 32, 64) and two linear layers on images of 32x32, 50 images of one class.
The loop does what the method's description says: set the weights from a unit to the effects to 0, run the network on
all images, put the weights back. Both select the same causes, and their effects agree. CPU seconds, least of the
repeats. `--full` repeats each three times.
"""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from _measure import arguments, best, write
from aitia.systems.path_interventions import CausalExplanation, PathInterventions
from aitia.systems.path_interventions.units import UnitNetwork, weight_mask


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 10),
    ).eval()  # fmt: skip


@torch.no_grad()
def loop(model: nn.Module, images: torch.Tensor, found: CausalExplanation) -> list[NDArray[np.float64]]:
    """The changes of the class's logit for the same candidates and effects, one whole run each."""
    model = copy.deepcopy(model)
    layers = UnitNetwork(model, images[:1]).layers
    plain = model(images)[:, found.target]
    changes = []
    for layer in found.layers:
        at = layers[layer.layer]
        weight, table = at.module.weight, np.empty_like(layer.changes)
        kept = weight.clone()
        for k, block in enumerate(layer.blocks):
            edges = torch.zeros(at.outputs, at.inputs, dtype=torch.bool)
            edges[torch.tensor(layer.effects)[:, None], torch.tensor(block)] = True
            weight.masked_fill_(weight_mask(at, edges), 0.0)
            table[k] = (model(images)[:, found.target] - plain).double().numpy()
            weight.copy_(kept)
        changes.append(table)
    return changes


def main() -> None:
    given = arguments(__doc__)
    torch.set_num_threads(1)
    model = network()
    images = torch.rand(50, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    rows = {"pixels": images.flatten(1).numpy()}
    with torch.no_grad():
        target = int(model(images).argmax(dim=1).mode().values)
    probe = PathInterventions(images=50, which="all", of_class=str(target), shape=(3, 32, 32))

    def ours() -> CausalExplanation:
        return probe.fit(rows, model=model).found

    repeats = 3 if given.full else 2
    ours()
    mine, _, found = best(ours, repeats)
    theirs, _, changes = best(lambda: loop(model, images, found), repeats)
    gap = max(float(np.abs(a.changes - b).max()) for a, b in zip(found.layers, changes, strict=True))
    units = sum(len(layer.blocks) for layer in found.layers)
    print(f"{units} units: ours {mine:.2f} s, the loop {theirs:.2f} s, {theirs / mine:.1f} times ours")
    print(f"largest gap of a logit {gap:.1e}")
    write(
        given.json, [{"units": units, "ours_s": mine, "theirs_s": theirs, "ratio": theirs / mine, "largest_gap": gap}]
    )


if __name__ == "__main__":
    main()
