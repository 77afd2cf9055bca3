"""The training: one loss for clusters, energy and, where they are known, sums; and what to do when energies run apart.

L = w_gen L_GEN + w_inv L_INV + w_pri L_PRI + w_sum L_SUM
L_GEN = -E_data log p(x) + E_draws log p(x)          its gradient is that of the likelihood                    (3)
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aitia.errors import TrainingError
from aitia.nn.backbones import ImageBackbone
from aitia.runs import RunStore
from aitia.systems.gedi.config import GediConfig
from aitia.systems.gedi.losses import invariance, sums, usage
from aitia.systems.gedi.network import Network
from aitia.systems.gedi.sampling import replayed
from aitia.systems.gedi.views import viewed
from aitia.train import History, RowBatches, TrainConfig, train

__all__ = ["ApartError", "Objective", "Trained", "trained"]

_APART = 100.0
"""Nats between data and draws from which on an energy has run away."""
_TRIES = 4
"""Trainings, each at half of the rate of the one before."""


class ApartError(TrainingError):
    """The energies of data and draws ran apart, or are no numbers any more."""


class Objective(nn.Module):
    """L of a batch, and its parts.

    Args:
        net: The network, with its buffer of draws.
        config: Options.
    """

    done: Tensor
    prior: Tensor

    def __init__(self, net: Network, config: GediConfig) -> None:
        super().__init__()
        self.net, self.config = net, config
        self.register_buffer("done", torch.zeros((), dtype=torch.long))
        self.register_buffer("prior", torch.tensor(config.shares, dtype=torch.float32))

    def forward(self, x: Tensor, other: Tensor | None = None, total: Tensor | None = None) -> dict[str, Tensor]:
        """Of rows (n, ...), the second pictures of the rows, and sums (n,), below 0 where one is not known."""
        config = self.config
        every = x if other is None else torch.cat([x, other])
        warm = int(self.done) >= config.warm_up
        self.done += 1
        parts: dict[str, Tensor] = {}
        if warm and (config.invariance or config.usage):
            a, b = self.net(viewed(every, config)), self.net(viewed(every, config))
            parts["invariance"], parts["usage"] = invariance(a, b), usage(torch.cat([a, b]), self.prior)
        if config.generative:
            parts |= self._energy(every[: len(x)] if other is None else every[torch.randperm(len(every))[: len(x)]])
        if warm and total is not None and other is not None and bool((total >= 0).any()):
            known = total >= 0
            first, second = self.net(viewed(x[known], config)), self.net(viewed(other[known], config))
            parts["sums"] = sums(first, second, total[known]).mean()
        weights = {"generative": config.generative, "invariance": config.invariance, "usage": config.usage,
                   "sums": config.sums, "decay": config.generative * config.energy_decay}  # fmt: skip
        loss = sum((weights[name] * part for name, part in parts.items()), start=x.new_zeros(()))
        if not bool(loss.isfinite()):
            raise ApartError(f"the loss is {float(loss)} at update {int(self.done)}")
        return {"loss": loss if parts else 0.0 * self.net(x[:1]).sum(), **parts}

    def _energy(self, x: Tensor) -> dict[str, Tensor]:
        drawn = replayed(self.net, self.config, len(x))
        real = self.net.log_density(x + self.net.stepping[1] * torch.randn_like(x))
        made = self.net.log_density(drawn)
        gap = made.mean() - real.mean()
        apart = abs(float(gap.detach()))
        if not apart <= _APART:
            raise ApartError(
                f"at update {int(self.done)} data and draws are {apart:.3g} nats apart, more than {_APART:g}"
            )
        return {"generative": gap, "decay": real.square().mean() + made.square().mean()}


@dataclass(frozen=True)
class Trained:
    """What a training leaves.

    Args:
        net: The network.
        history: How it went.
        warnings: What to know, in sentences.
    """

    net: Network
    history: History
    warnings: tuple[str, ...]


def trained(
    shape: tuple[int, ...], tensors: tuple[Tensor, ...], config: GediConfig, run: RunStore,
    backbone: ImageBackbone | None = None,
) -> Trained:  # fmt: skip
    """Trains a network; where energies run apart it begins anew at half of the rate, and says so.

    Args:
        shape: Of one row.
        tensors: Rows (n, ...) in raw units; with sums also the second pictures and the sums.
        config: Options.
        run: Where the state is kept.
        backbone: What reads pictures first; None for nothing.

    Raises:
        TrainingError: If energies run apart at an eighth of the rate too.
    """
    told: list[str] = []
    features = 0 if backbone is None else backbone.features(tensors[0][:2]).shape[1]
    if run.checkpoint is not None:
        run.checkpoint.mkdir(parents=True, exist_ok=True)
    for number in range(_TRIES):
        rate = config.learning_rate / 2**number
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            net = Network(config, shape, features)
            net.stand_on(backbone)
            if len(shape) == 1:
                net.learn_scale(tensors[0])
            net.replay.copy_(net.noise(config.buffer))
        rows = (net.scaled(tensors[0]), *tensors[1:])
        place = None if run.checkpoint is None else run.checkpoint / f"training-{number}.safetensors"
        try:
            history = train(
                Objective(net, config),
                RowBatches(rows, min(config.batch, len(rows[0])), config.seed),
                TrainConfig(
                    steps=config.steps,
                    learning_rate=rate,
                    schedule="cosine",
                    clip=10.0,
                    seed=config.seed,
                    validate_every=max(config.steps // 20, 1),
                    device=config.device,
                ),
                checkpoint=place,
                progress=run.progress,
            )
        except ApartError as error:
            told.append(f"{error}: the training began anew at a rate of {rate / 2:.3g}")
            continue
        return Trained(net.cpu().eval(), history, tuple(told))
    raise TrainingError(
        f"{told[-1].partition(':')[0]}, after {_TRIES} rates down to {rate:.3g}: give more walk (Langevin steps), a "
        "larger energy_decay, or another seed"
    )
