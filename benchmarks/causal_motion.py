"""Training of the motion forecaster beside the structure of the source: the same network, batches and loss in one run.

OMP_NUM_THREADS=1 python benchmarks/causal_motion.py [--json FILE]

The reference goes through the environments one after the other, each with forward passes of its own, and where scenes
have any number of agents through the scenes too, as the published code of graph attention does. Ours stacks
environments, scenes and agents. The losses of a first batch must agree. CPU seconds an update, the least of three
repeats after one that is not counted, and scenes a second from them: scored scenes, not references.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from _measure import arguments, best, write
from aitia.data.tracks import Tracks
from aitia.nn.contrastive import supervised_contrastive
from aitia.systems.causal_motion import CausalMotion, CausalMotionConfig
from aitia.systems.causal_motion.batches import training_batches
from aitia.systems.causal_motion.network import Network
from aitia.systems.causal_motion.objective import Objective, phases
from aitia.train import EnvironmentBatches
from aitia.worlds import CrowdWorld, OrcaWorld

UPDATES = 30
RADII = (0.1, 0.2, 0.3)


def main() -> None:
    given = arguments(__doc__)
    torch.set_num_threads(1)
    pairs, crowd = OrcaWorld(RADII), CrowdWorld(6, RADII)
    pair = Tracks.of(pairs.render(sample := pairs.sample(900)), sample.labels)
    many = crowd.render(sample := crowd.sample(900))
    present = np.random.default_rng(0).random(many.shape[:2]) < 0.7
    present[:, :2] = True
    group = Tracks(many, sample.labels, present)
    rows = [
        measure("two agents, perceptrons", pair, CausalMotionConfig(steps=UPDATES)),
        measure("2-6 agents, attention", group, CausalMotionConfig(form="group", width=64, batch=16, steps=UPDATES)),
    ]
    write(given.json, rows)


def measure(name: str, scenes: Tracks, config: CausalMotionConfig) -> dict[str, Any]:
    model = CausalMotion(config)
    batches = training_batches(config, scenes)
    if not np.isclose(first_loss(config, batches, stacked), first_loss(config, batches, looped), rtol=1e-4):
        raise SystemExit(f"{name}: the two structures differ in their loss")
    model.fit(scenes)
    ours, _, _ = best(lambda: model.fit(scenes), 3)
    theirs, _, _ = best(lambda: reference(config, batches), 3)
    scored = config.batch * len(scenes.environments) * UPDATES
    row = {
        "form": name,
        "scenes_a_second": scored / ours,
        "reference_scenes_a_second": scored / theirs,
        "ratio": theirs / ours,
    }
    print(f"{name}: ours {scored / ours:.0f} scenes/s, loop {scored / theirs:.0f} scenes/s, {theirs / ours:.2f} times")
    return row


Loss = Callable[[Network, CausalMotionConfig, tuple[Tensor, ...]], Tensor]


def network(config: CausalMotionConfig) -> Network:
    torch.manual_seed(config.seed)
    return Network(config)


def first_loss(config: CausalMotionConfig, batches: EnvironmentBatches, loss: Loss) -> float:
    return float(loss(network(config), config, batches(0, 0, 1)).detach())


def stacked(net: Network, config: CausalMotionConfig, batch: tuple[Tensor, ...]) -> Tensor:
    return Objective(net, config, phases(config, net)[0])(*batch)["loss"]


def reference(config: CausalMotionConfig, batches: EnvironmentBatches) -> None:
    net = network(config)
    optimizer = torch.optim.Adam(net.parameters(), lr=config.learning_rate)
    for step in range(config.steps):
        optimizer.zero_grad()
        looped(net, config, batches(step, 0, 1)).backward()
        optimizer.step()


def looped(net: Network, config: CausalMotionConfig, batch: tuple[Tensor, ...]) -> Tensor:
    """One environment after the other; in the group form one scene after the other."""
    total, heads, labels = torch.zeros(()), [], []
    for e, (tracks, there) in enumerate(zip(batch[0], batch[1], strict=True)):
        n = len(tracks) // 2
        codes = read(net.reader, tracks[n:], there[n:], config)
        heads.append(net.reader.project(codes))
        labels.append(torch.full((n,), e))
        total = total + risk(net, tracks[:n], there[:n], codes.mean(0), config)
    return total + 0.01 * supervised_contrastive(torch.cat(heads), torch.cat(labels), config.temperature)


def read(reader: nn.Module, tracks: Tensor, there: Tensor, config: CausalMotionConfig) -> Tensor:
    if config.form == "pair":
        return reader(tracks, there)
    return torch.stack([reader(scene[here], here[here]) for scene, here in zip(tracks, there, strict=True)])


def risk(net: Network, tracks: Tensor, there: Tensor, s: Tensor, config: CausalMotionConfig) -> Tensor:
    """Mean squared distance over the scenes of an environment."""
    past, future = tracks[:, :, : config.observed], tracks[:, :, config.observed :]
    if config.form == "pair":
        answer = net.forecaster(past, there, None, s.expand(len(past), -1))
        return (answer - future).square().sum(-1).mean()
    each = []
    for x, y, here in zip(past, future, there, strict=True):
        answer = net.forecaster(x[here], here[here], None, s)
        each.append((answer - y[here]).square().sum(-1).mean())
    return torch.stack(each).mean()


if __name__ == "__main__":
    main()
