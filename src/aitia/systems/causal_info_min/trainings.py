"""The trainings that come before that of the main branch: the full head, bottlenecks, the dictionary's autoencoder."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from aitia.engine import Progress
from aitia.systems.causal_info_min.backbone import Tap
from aitia.systems.causal_info_min.config import CausalInfoMinConfig
from aitia.systems.causal_info_min.debiasers import Branch, Debiaser, Plain
from aitia.systems.causal_info_min.dictionary import TiedAutoencoder
from aitia.systems.causal_info_min.network import Network, Objective, accuracy
from aitia.train import RowBatches, TrainConfig, train

__all__ = ["Trainings", "Tried", "said"]

Held = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Tried:
    """A bottleneck that was tried.

    Args:
        kl_weight: Of its divergence.
        nats: What its code holds, by the divergence, on the validation rows.
        accuracy: Of the bias-only head on them.
        chosen: Whether it is the one in use.
    """

    kl_weight: float
    nats: float
    accuracy: float
    chosen: bool = False


class Trainings:
    """The trainings that come before that of the main branch, all on features as they came."""

    def __init__(self, config: CausalInfoMinConfig, folder: Path | None, progress: Progress | None) -> None:
        self.config, self.folder, self.progress = config, folder, progress
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def device(self) -> str:
        """Where it is trained."""
        return "cuda" if self.config.device == "auto" and torch.cuda.is_available() else "cpu"

    def place(self, name: str) -> Path | None:
        """The file of a training's state; None where none is kept."""
        return None if self.folder is None else self.folder / f"{name}.safetensors"

    def training(self, steps: int) -> TrainConfig:
        """How all of them are trained."""
        c = self.config
        return TrainConfig(
            steps=steps, learning_rate=c.learning_rate, schedule="cosine", clip=5.0, seed=c.seed, device=c.device,
            validate_every=max(steps // 10, 1),
        )  # fmt: skip

    def _learn(self, debiaser: Debiaser, x_0: Tensor, target: Tensor, name: str, held: Held | None = None) -> None:
        net = Network(Tap(None), None, debiaser)
        empty = torch.zeros(len(x_0), 0)
        train(
            Objective(net, ()),
            RowBatches((x_0, target, empty), min(self.config.batch, len(x_0)), self.config.seed),
            self.training(self.config.branch_steps),
            validate=None if held is None else lambda: 1 - accuracy(said(debiaser, held[0]), held[1]),
            checkpoint=self.place(name),
            progress=self.progress,
            what=name,
        )
        debiaser.cpu().eval()

    def full_head(self, width: int, x_0: Tensor, target: Tensor, x_held: Tensor, held: Tensor) -> Plain:
        """The head without debiasing."""
        full = Plain(width, target.shape[1], self.config)
        self._learn(full, x_0, target, "full head", (x_held, held))
        return full

    def branch(
        self, width: int, x_0: Tensor, target: Tensor, x_held: Tensor, held: Tensor, full: float
    ) -> tuple[Branch, tuple[Tried, ...]]:
        """The branch that holds least among those that keep enough of the full accuracy; else the most accurate."""
        branches, tried = [], []
        for weight in sorted(self.config.kl_weights):
            branch = Branch(width, target.shape[1], self.config, weight)
            self._learn(branch, x_0, target, f"bottleneck at {weight:g}")
            with torch.no_grad():
                nats = float(branch.narrow(x_held)[1].mean())
            branches.append(branch)
            tried.append(Tried(weight, nats, accuracy(said(branch, x_held), held)))
        enough = [k for k, each in enumerate(tried) if each.accuracy >= self.config.kept * full]
        best = (
            min(enough, key=lambda k: tried[k].nats)
            if enough
            else max(range(len(tried)), key=lambda k: tried[k].accuracy)
        )
        return branches[best], tuple(replace(each, chosen=k == best) for k, each in enumerate(tried))

    def autoencoder(self, width: int, x_0: Tensor) -> Tensor:
        """W of the dictionary."""
        coder = TiedAutoencoder(width, self.config.width(width))
        train(
            coder,
            RowBatches((x_0,), min(self.config.batch, len(x_0)), self.config.seed),
            self.training(self.config.branch_steps),
            checkpoint=self.place("autoencoder"),
            progress=self.progress,
            what="autoencoder",
        )
        return coder.weight.detach().cpu()


def said(debiaser: Debiaser, x_0: Tensor) -> Tensor:
    """Log-probabilities of answers to features as they came."""
    device = next(debiaser.parameters()).device
    with torch.no_grad():
        answers: Tensor = debiaser(x_0.to(device), x_0.to(device)).answers
    return answers.cpu()
