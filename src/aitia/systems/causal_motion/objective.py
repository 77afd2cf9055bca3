"""The loss (2), and the phases of a training."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aitia.nn.contrastive import supervised_contrastive
from aitia.nn.scenes import scene_error
from aitia.systems.causal_motion.config import CausalMotionConfig
from aitia.systems.causal_motion.invariance import irm_penalty, vrex_penalty
from aitia.systems.causal_motion.network import Network

__all__ = ["Objective", "Phase", "phases"]

WARM_UP = 0.1
"""Share of a training before the invariance penalty is on."""


@dataclass(frozen=True)
class Phase:
    """What a phase of the training makes small, and by which parameters and rates; None takes all parameters."""

    name: str
    steps: int
    groups: Sequence[tuple[Sequence[nn.Parameter], float]] | None = None
    style: bool = True
    error: bool = True
    invariance: bool = False
    contrast: float = 0.0
    falling: bool = False


def phases(config: CausalMotionConfig, net: Network) -> list[Phase]:
    """The phases of a schedule."""
    weight, rate, joint = config.contrastive_weight, config.learning_rate, config.schedule == "joint"
    if joint or config.style != "modular":
        mu = 0.01 if weight is None else weight
        return [Phase("training", config.steps, invariance=True, contrast=mu, falling=joint)]
    psi, g = list(net.forecaster.psi.parameters()), list(net.forecaster.g.parameters())
    modulation = (list(net.forecaster.modulation.parameters()), 10 * rate)
    phi, head = (list(net.reader.phi.parameters()), 0.5 * rate), (list(net.reader.head.parameters()), 10 * rate)
    first, second, third, _ = (max(round(config.steps * share / 470), 1) for share in (100, 50, 20, 300))
    mu = 1.0 if weight is None else weight
    last = max(config.steps - first - second - third, 1)
    return [
        Phase("past and decoder", first, [([*psi, *g], rate)], style=False, invariance=True),
        Phase("style by contrast", second, [phi, head], error=False, contrast=1.0),
        Phase("modulation", third, [modulation]),
        Phase("style and decoder", last, [(g, rate), modulation, phi, head], contrast=mu),
    ]


class Objective(nn.Module):
    """(2), or the part of it that a phase trains."""

    def __init__(self, net: Network, config: CausalMotionConfig, phase: Phase) -> None:
        super().__init__()
        self.net, self.config, self.phase = net, config, phase
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    step: Tensor

    def forward(
        self, tracks: Tensor, present: Tensor, further: Tensor, known: Tensor, begins: Tensor
    ) -> dict[str, Tensor]:
        """Tensors with leading axes (environments, scenes); of a modular model the later half are references."""
        config, net, phase = self.config, self.net, self.phase
        self.step += 1
        parts: dict[str, Tensor] = {"loss": tracks.new_zeros(())}
        s: Tensor | None = None
        n = tracks.shape[1] // 2 if config.style == "modular" else tracks.shape[1]
        if config.style == "given":
            s = net.number(known[..., None])
        elif config.style == "modular" and phase.style:
            codes = net.reader(tracks[:, n:], present[:, n:])  # (environments, references, style_size)
            apart = (begins[:, :n, None] - begins[:, None, n:]).abs() >= config.observed + config.future
            weight = apart.to(codes.dtype)
            s = weight @ codes / weight.sum(-1, keepdim=True).clamp(min=1)
            parts["contrast"] = self._contrast(codes)
            parts["loss"] = parts["loss"] + phase.contrast * parts["contrast"]
        if not phase.error:
            return parts
        past, future = tracks[:, :n, :, : config.observed], tracks[:, :n, :, config.observed :]
        there = present[:, :n]
        forecast = net.forecaster(past, there, further[:, :n] if config.channel else None, s)
        risks = scene_error(forecast, future, there)
        parts["error"] = risks.mean()
        parts["loss"] = parts["loss"] + risks.mean(1).sum()
        if phase.invariance and config.invariance != "none":
            parts |= self._invariance(past[..., -1:, :], forecast, future, there)
            on = float(int(self.step) > WARM_UP * phase.steps)
            parts["loss"] = parts["loss"] + on * config.invariance_weight * parts["penalty"]
        return parts

    def _contrast(self, codes: Tensor) -> Tensor:
        """Scenes of an environment are each other's positives; kept scenes of others are negatives of a single one."""
        net = self.net
        heads = [net.reader.project(codes).flatten(0, 1)]
        labels = [torch.arange(len(codes), device=codes.device).repeat_interleave(codes.shape[1])]
        if len(codes) == 1:
            heads.append(net.reader.project(net.reader(net.bank.tracks, net.bank.present)))
            labels.append(net.bank.environment + 1)
        return supervised_contrastive(torch.cat(heads), torch.cat(labels), self.config.temperature)

    def _invariance(self, now: Tensor, forecast: Tensor, future: Tensor, there: Tensor) -> dict[str, Tensor]:
        moved = forecast - now

        def scaled(w: Tensor) -> Tensor:
            return scene_error(now + w * moved, future, there)

        slope = irm_penalty(scaled, halves=False).detach().sqrt()
        if self.config.invariance == "irm":
            return {"penalty": irm_penalty(scaled), "slope": slope}
        return {"penalty": vrex_penalty(scene_error(forecast, future, there).mean(1)), "slope": slope}
