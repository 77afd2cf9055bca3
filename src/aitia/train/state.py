"""What a training has come to: its history, its best weights, and the checkpoint that a killed run goes on from."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from aitia.errors import RunError
from aitia.guard import guarded
from aitia.nn.weights import load_into, read_weights, write_weights
from aitia.train.config import TrainConfig
from aitia.train.sharding import Shards, parted, whole

__all__ = ["History", "TrainState", "seed_step"]


@dataclass
class History:
    """How a training went.

    Args:
        losses: For every step the loss and its named parts, as the mean since the validation before.
        validations: (step, value); lower is better.
        best_step: Step of the best validation; the last one without validation.
        steps: Updates done.
    """

    losses: list[dict[str, float]] = field(default_factory=list)
    validations: list[tuple[int, float]] = field(default_factory=list)
    best_step: int = 0
    steps: int = 0


class TrainState:
    """All that a resumed training needs.

    Args:
        objective: What is trained, in place.
        optimizer: Its Adam.
        config: How it is trained.
        place: The checkpoint; None keeps none.
        shards: The copy of the objective that the optimizer changes, where that is sharded.

    Attributes:
        saved: Step of the state that the checkpoint holds; 0 where there is none.
    """

    def __init__(
        self,
        objective: nn.Module,
        optimizer: torch.optim.Optimizer,
        config: TrainConfig,
        place: Path | None,
        shards: Shards | None = None,
    ) -> None:
        self.objective, self.optimizer, self.config, self.place = objective, optimizer, config, place
        self.shards = shards
        self.history = History()
        self.best: dict[str, torch.Tensor] | None = None
        self.best_value = float("inf")
        self.waited = 0
        self.sums: dict[str, float] = {}
        self.counted = 0
        self.saved = 0

    @property
    def finished(self) -> bool:
        """Whether no validation has been better for as long as the options allow."""
        return self.config.patience is not None and self.waited >= self.config.patience

    def check(self) -> None:
        """After gradients: whether a sharded copy trains what it should."""
        if self.shards is not None:
            self.shards.check()

    def gather(self) -> None:
        """Brings the objective up to date where a sharded copy of it is trained."""
        if self.shards is not None:
            self.shards.gather()

    def scatter(self) -> None:
        """Brings the sharded copy up to date, where there is one."""
        if self.shards is not None:
            self.shards.scatter()

    def judge(self, step: int, validate: Callable[[], float]) -> None:
        """Validates after a step, and keeps the weights where they are the best so far."""
        self.gather()
        self.objective.eval()
        with torch.no_grad():
            seed_step(self.config.seed, step, -1, next(self.objective.parameters()).device)
            value = float(validate())
        self.objective.train()
        self.history.validations.append((step, value))
        self.waited += 1
        if value < self.best_value:
            self.best = {name: leaf.detach().clone() for name, leaf in self.objective.state_dict().items()}
            self.best_value, self.history.best_step, self.waited = value, step, 0

    def save(self, writes: bool = True) -> None:
        """Writes the checkpoint; not where the last update left no numbers, which would take the place of a good one.

        Args:
            writes: Whether this process does; the others help to put together what is sharded.

        Raises:
            RunError: If the disk is full or the folder closed.
        """
        self.gather()
        if self.place is None or (self.shards is None and not writes):
            return
        moments = {
            f"adam.{number}.{name}": whole(moment)
            for number, held in self.optimizer.state_dict()["state"].items()
            for name, moment in held.items()
        }
        if not writes or not all(bool(leaf.isfinite().all()) for leaf in self.objective.parameters()):
            return
        tensors = {f"now.{name}": leaf for name, leaf in self.objective.state_dict().items()}
        for name, leaf in (self.best or {}).items():
            tensors[f"best.{name}"] = leaf
        tensors |= moments
        history = asdict(self.history)
        record = {
            "history": history,
            "best_value": _number(self.best_value),
            "waited": self.waited,
            "sums": self.sums,
            "counted": self.counted,
        }
        write_weights(
            self.place, {k: v.clone() for k, v in tensors.items()}, {"train": record, "config": self._options()}
        )
        self.saved = self.history.steps

    def load(self) -> None:
        """Goes on from the checkpoint, where there is one.

        Raises:
            FormatError: If it is another model's; names the first leaf that does not fit.
            RunError: If it is of a training with other options.
        """
        if self.place is None or not self.place.exists():
            return
        tensors, metadata = read_weights(self.place)
        if metadata.get("config") != self._options():
            raise RunError(
                f"{self.place} is the checkpoint of a training with other options "
                f"({metadata.get('config')}, now {self._options()}): give another folder, or remove it"
            )
        with guarded(self.place, "is a damaged checkpoint; remove it to train anew", RunError):
            load_into(self.objective, _under("now.", tensors), self.place)
            self.scatter()
            self.best = _under("best.", tensors) or None
            moments: dict[int, dict[str, torch.Tensor]] = {}
            trained = [leaf for group in self.optimizer.param_groups for leaf in group["params"]]
            for name, moment in _under("adam.", tensors).items():
                number, _, what = name.partition(".")
                moments.setdefault(int(number), {})[what] = parted(moment, trained[int(number)])
            groups = self.optimizer.state_dict()["param_groups"]
            self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
            record = metadata["train"]
            history = record["history"]
            history["validations"] = [(int(step), float(value)) for step, value in history["validations"]]
            self.history = History(**history)
            self.best_value = float("inf") if record["best_value"] is None else float(record["best_value"])
            self.waited, self.sums, self.counted = record["waited"], record["sums"], record["counted"]
            self.saved = self.history.steps

    def _options(self) -> dict[str, Any]:
        options = asdict(self.config)
        options["betas"] = list(options["betas"])
        del options["device"]
        return options


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def seed_step(seed: int, step: int, rank: int, device: torch.device) -> None:
    """Seeds the noise of a step in a process; that of a validation has the rank -1."""
    mixed = int(np.random.SeedSequence([seed, step, rank + 1]).generate_state(1, np.uint64)[0] >> 1)
    if device.type == "cpu":  # `torch.manual_seed` takes longer than many a step: it notes its caller for other devices
        torch.default_generator.manual_seed(mixed)
    else:
        torch.manual_seed(mixed)
