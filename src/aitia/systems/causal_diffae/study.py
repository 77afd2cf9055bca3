"""The arms of the claim: other abductions of x_T, a diffusion model that is told raw labels, readers of values.

fresh noise               x_T drawn anew: a conditional sample, no counterfactual
noised at T               x_T = a_T x + s_T e, the abduction of the released code
noised at T/2             the same half way, drawn from there (Meng et al., SDEdit, ICLR 2022)
descendants left          x_T inverted, only the cause that is done moved
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.nn.diffusion import draw
from aitia.nn.pixels import to_bytes
from aitia.nn.weights import fingerprint
from aitia.systems.causal_diffae.config import CausalDiffaeConfig
from aitia.systems.causal_diffae.drawing import drawn, inverted, tensors
from aitia.systems.causal_diffae.model import CausalDiffae
from aitia.systems.causal_diffae.network import Encoder, Network, Objective
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["ARMS", "Asked", "ValueReader", "conditional", "nearest"]

Values = NDArray[np.float64]
Images = NDArray[np.uint8]
OURS, FRESH, NOISED, HALF, LEFT = ("", "fresh noise", "noised at T", "noised at T/2", "descendants left")
ARMS = (OURS, FRESH, NOISED, HALF, LEFT)


class Asked:
    """Rows that were asked of a model once: what their inversion found, and pictures under `do` by each arm.

    Args:
        model: A fitted one.
        rows: Its rows.
        seed: Of the noise of arms that draw it.
    """

    def __init__(self, model: CausalDiffae, rows: Data, seed: int) -> None:
        self.model, self.noise = model, model.abduct(rows)
        self._x = tensors(rows.known.pictures("image"))
        self._e = torch.randn(self._x.shape, generator=torch.Generator().manual_seed(seed))
        self._u = torch.from_numpy(self.noise.parts["u"])
        self.facts = model._ready_net.moved(self._u, {})

    def pictures(self, do: Mapping[str, Any], arm: str = OURS) -> Images:
        """What the rows would have been."""
        held = self.model.do(do)
        if arm == OURS:
            return held.solve(self.noise).known.pictures("image")
        net, schedule, config = self.model._ready_net, self.model._schedule, self.model.config
        z = held._moved(self._u)
        if arm == LEFT:
            at = [self.model.causes.index(name) for name in do]
            z, moved = self.facts.clone(), z
            z[:, at] = moved[:, at]
            return to_bytes(drawn(net, torch.from_numpy(self.noise.parts["noise"]), z, schedule, config))
        if arm == FRESH:
            return to_bytes(drawn(net, self._e, z, schedule, config))
        last = len(schedule) - 1 if arm == NOISED else len(schedule) // 2
        way = [t for t in schedule.timesteps(config.draw_steps) if t <= last]
        noised = schedule.noised(self._x, self._e, torch.full((len(self._x),), way[0]))
        with torch.no_grad():
            return to_bytes(draw(net.denoiser(z.float()), noised, schedule, way))


class _Told(Objective):
    """The loss of a diffusion model that is told the labels themselves: no encoder, no graph, no prior."""

    def forward(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        told = (torch.rand(len(x), 1) >= self.config.empty).to(x)
        t, noise = torch.randint(len(self.schedule), (len(x),)), torch.randn_like(x)
        said = self.net(self.schedule.noised(x, noise, t), t, y, told)
        return {"loss": (said - self.schedule.target(x, noise, t)).square().mean()}


def conditional(
    model: CausalDiffae, x: Images, y: Values, fresh: Images, known: Values, values: Sequence[Mapping[str, float]]
) -> list[Images]:
    """The answers of a diffusion model that is told raw labels, inverted; labels that are not done stay.

    Args:
        model: Whose sizes, updates and seed it takes.
        x: Pictures of the training.
        y: Their labels, (n, causes).
        fresh: Pictures that are asked about.
        known: Their true labels.
        values: What is done, a mapping each.
    """
    config, net = model.config, model._ready_net
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        other = Network(config, model.graph, model._size, _anew(net))
    other.centre.copy_(net.centre)
    other.spread.copy_(net.spread)
    objective = _Told(other, config, model._schedule)
    rows = tensors(x), other.scaled(torch.from_numpy(y)).float()
    training = TrainConfig(
        steps=config.steps, learning_rate=config.learning_rate, schedule="one-cycle", clip=1.0, seed=config.seed,
        device="cpu",
    )  # fmt: skip
    train(objective, RowBatches(rows, config.batch, config.seed), training,
          groups=[([*other.unet.parameters(), *other.say.parameters()], config.learning_rate)],
          before=lambda step: objective.follow(step) if step else None)  # fmt: skip
    objective.follow(config.steps)
    kept = objective.mean.eval()
    facts = kept.scaled(torch.from_numpy(known))
    noise, _ = inverted(kept, tensors(fresh), facts, model._schedule, config)
    found = []
    for done in values:
        labels = known.copy()
        for name, value in done.items():
            labels[:, model.causes.index(name)] = value
        z = kept.scaled(torch.from_numpy(labels))
        found.append(to_bytes(drawn(kept, noise, z, model._schedule, config)))
    return found


def _anew(net: Network) -> Any:
    """The same UNet with other random weights."""
    from aitia.systems.causal_diffae.network import unet_of

    return unet_of({name: value for name, value in net.unet.config.items() if not name.startswith("_")})


def nearest(y: Values, x: Images, wanted: Values) -> Images:
    """The picture of the training whose labels, each over its deviation, are nearest to those that are wanted."""
    spread = y.std(axis=0)
    apart = ((wanted[:, None] - y[None]) / spread) ** 2
    found: Images = x[apart.sum(axis=-1).argmin(axis=1)]
    return found


class ValueReader(nn.Module):
    """Reads values off pictures: a convolutional regression, trained apart from all that draws.

    Args:
        values: How many.
        size: Height and width of the pictures.
        seed: Of its weights and batches.
    """

    def __init__(self, values: int, size: tuple[int, int], seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.net = Encoder(values, 16, size)
        self.seed = seed
        self.register_buffer("centre", torch.zeros(values))
        self.register_buffer("spread", torch.ones(values))

    centre: Tensor
    spread: Tensor

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Squared error of what is read of pictures with some noise: it will read drawn ones."""
        read, _ = self.net(x + 0.05 * torch.randn_like(x))
        error: Tensor = (read - y).square().mean()
        return error

    def fit(self, x: Images, y: Values, steps: int) -> "ValueReader":
        """Learns the values y, (n, values), of pictures."""
        self.centre.copy_(torch.from_numpy(y.mean(axis=0)))
        self.spread.copy_(torch.from_numpy(y.std(axis=0)))
        scaled = (torch.from_numpy(y).float() - self.centre) / self.spread
        training = TrainConfig(steps=steps, learning_rate=3e-3, schedule="one-cycle", seed=self.seed, device="cpu")
        train(self, RowBatches((tensors(x), scaled), 64, self.seed), training)
        self.eval()
        return self

    @torch.no_grad()
    def read(self, x: Images) -> Values:
        """(n, values)."""
        mean, _ = self.net(tensors(x))
        values: Values = (mean * self.spread + self.centre).double().numpy()
        return values

    @property
    def fingerprint(self) -> str:
        """Which reader this is."""
        return fingerprint(self)


def small(**options: Any) -> CausalDiffaeConfig:
    """The sizes of the claim: pictures of 16 x 16 on one core."""
    given: dict[str, Any] = {
        "channels": (8, 32, 32), "width": 16, "hidden": 64, "mean": 0.98, "batch": 16, "learning_rate": 5e-3,
        "steps": 800, "draw_steps": 40, "held_out": 0.01, **options,
    }  # fmt: skip
    return CausalDiffaeConfig(**given)
