"""The one training loop: accelerate, progress, validation, early stopping, checkpoints and resume.

Every step is a function of the seed, the step and the process: batches are drawn by step, and the noise of a step comes
from a generator seeded with it. A run that was killed and resumed therefore ends in the same bytes as one that was not.

Under `torchrun --nproc-per-node K` each process takes its share of a batch and gradients are averaged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import nn

from aitia.engine import Progress
from aitia.errors import DataError, OptionError, RunError, TrainingError
from aitia.nn.weights import load_into, read_weights, write_weights

__all__ = ["Batches", "EnvironmentBatches", "History", "RowBatches", "TrainConfig", "train"]


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Args:
        steps: Updates in all.
        learning_rate: Of Adam, where no groups with their own are given.
        betas: Of Adam.
        weight_decay: Of AdamW; 0 is Adam.
        schedule: `constant`; `cosine` to zero; `one-cycle` with the peak at 30 % of the steps.
        clip: Largest norm of the gradient; None leaves it.
        seed: Of batches and noise.
        validate_every: Steps between two validations.
        patience: Validations without a better one before it stops; None goes to the end.
        checkpoint_every: Steps between two checkpoints.
        device: `auto` takes a GPU where there is one.

    Raises:
        OptionError: If a number is out of range.
    """

    steps: int
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "one-cycle"] = "constant"
    clip: float | None = None
    seed: int = 0
    validate_every: int = 100
    patience: int | None = None
    checkpoint_every: int = 500
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        for name in ("steps", "validate_every", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} is at least 1, got {getattr(self, name)}")
        if not self.learning_rate > 0 or self.weight_decay < 0 or (self.clip is not None and not self.clip > 0):
            raise OptionError(
                f"learning_rate and clip are positive and weight_decay not negative, got {self.learning_rate}, "
                f"{self.clip} and {self.weight_decay}"
            )
        if self.schedule not in ("constant", "cosine", "one-cycle"):
            raise OptionError(f"schedule is constant, cosine or one-cycle, got {self.schedule!r}")
        if self.patience is not None and self.patience < 1:
            raise OptionError(f"patience is at least 1 validation, got {self.patience}")

    def rate(self, step: int) -> float:
        """Share of the learning rate at a step."""
        if self.schedule == "cosine":
            return 0.5 * (1 + float(np.cos(np.pi * step / self.steps)))
        if self.schedule == "one-cycle":
            up = max(int(0.3 * self.steps), 1)
            if step < up:
                return 0.04 + 0.96 * 0.5 * (1 - float(np.cos(np.pi * step / up)))
            return 0.5 * (1 + float(np.cos(np.pi * (step - up) / max(self.steps - up, 1)))) + 1e-4
        return 1.0


class Batches(Protocol):
    """Gives the tensors of one step to one process; the same ones whenever it is asked."""

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[torch.Tensor, ...]:
        """The share of process `rank` of `ranks` in the batch of this step."""
        ...


@dataclass(frozen=True)
class RowBatches:
    """Batches of rows, each epoch in another order.

    Args:
        tensors: n rows each.
        size: Rows a step, over all processes.
        seed: Of the order.
    """

    tensors: tuple[torch.Tensor, ...]
    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise OptionError(f"a batch has at least 1 row, got {self.size}")

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[torch.Tensor, ...]:
        """The rows of this step."""
        rows = _rows(len(self.tensors[0]), step, self.size, (self.seed,))[rank::ranks]
        return tuple(tensor[rows] for tensor in self.tensors)


@dataclass(frozen=True)
class EnvironmentBatches:
    """One batch of each environment a step, of equal size: a small environment comes round more often.

    A step gives each tensor with a leading axis of environments, (environments, size, ...).

    Args:
        tensors: n rows each.
        env: Number of the environment of each row, (n,), from 0 without gaps.
        size: Rows a step of each environment, over all processes.
        seed: Of the order.

    Raises:
        DataError: If an environment has no row.
    """

    tensors: tuple[torch.Tensor, ...]
    env: torch.Tensor
    size: int
    seed: int = 0
    _members: tuple[torch.Tensor, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.size < 1:
            raise OptionError(f"a batch has at least 1 row of each environment, got {self.size}")
        members = tuple(torch.nonzero(self.env == e)[:, 0] for e in range(int(self.env.max()) + 1))
        if empty := [e for e, rows in enumerate(members) if not len(rows)]:
            raise DataError(f"environment {empty[0]} has no row to train on")
        object.__setattr__(self, "_members", members)

    def __call__(self, step: int, rank: int, ranks: int, /) -> tuple[torch.Tensor, ...]:
        """The rows of this step."""
        rows = torch.stack(
            [
                m[torch.from_numpy(_rows(len(m), step, self.size, (self.seed, e)))[rank::ranks]]
                for e, m in enumerate(self._members)
            ]
        )
        return tuple(tensor[rows] for tensor in self.tensors)


def _rows(n: int, step: int, size: int, key: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rows step * size to (step + 1) * size of the permutations of all epochs, one after another."""
    first, last = step * size, (step + 1) * size
    parts = [
        _order(n, epoch, key)[max(first - epoch * n, 0) : last - epoch * n]
        for epoch in range(first // n, (last - 1) // n + 1)
    ]
    return np.concatenate(parts)


_ORDERS: dict[tuple[int, int, tuple[int, ...]], np.ndarray[Any, np.dtype[np.int64]]] = {}


def _order(n: int, epoch: int, key: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The order of an epoch; the latest few are kept, for a step asks for one and the next step for the same."""
    if (n, epoch, key) not in _ORDERS:
        if len(_ORDERS) >= 64:
            _ORDERS.clear()
        _ORDERS[n, epoch, key] = np.random.default_rng([*key, epoch, n]).permutation(n)
    return _ORDERS[n, epoch, key]


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


def train(
    objective: nn.Module,
    batches: Batches,
    config: TrainConfig,
    *,
    groups: Sequence[tuple[Sequence[nn.Parameter], float]] | None = None,
    validate: Callable[[], float] | None = None,
    before: Callable[[int], None] | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
    what: str = "training",
) -> History:
    """Trains a module in place; it ends with the weights of the best validation, or the last ones without any.

    Args:
        objective: Called with the tensors of a batch; returns the loss, or a mapping that has it under `loss`.
        batches: Gives the tensors of each step.
        config: How to train.
        groups: Parameters and their learning rates; None takes every parameter that wants a gradient. The others stay.
        validate: Gives the number to make small, from the objective as it stands; None validates nothing.
        before: Called with the number of each step before it, outside its noise, as to fit a probe anew. What it leaves
            for later steps belongs into buffers of the objective, so that a resumed training finds it.
        checkpoint: File to resume from and to save to; removed by nobody, so a finished training is not done again.
        progress: Told after every few steps.
        what: Names the work in the progress.

    Raises:
        TrainingError: If the loss is not finite.
        FormatError: If the checkpoint is another model's; names the first leaf that does not fit.
        RunError: If the checkpoint is of a training with other options, or cannot be written.
    """
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=config.device == "cpu")
    chosen = groups or [([p for p in objective.parameters() if p.requires_grad], config.learning_rate)]
    trained = {id(p) for params, _ in chosen for p in params}
    frozen = [p for p in objective.parameters() if p.requires_grad and id(p) not in trained]
    for parameter in frozen:
        parameter.requires_grad_(False)
    try:
        rates = [rate for _, rate in chosen]
        optimizer = torch.optim.AdamW(
            [{"params": list(params), "lr": rate} for params, rate in chosen],
            betas=config.betas,
            weight_decay=config.weight_decay,
            fused=True,
        )
        wrapped, prepared = accelerator.prepare(objective, optimizer)
        if accelerator.num_processes == 1 and accelerator.mixed_precision == "no":
            prepared = optimizer  # the wrapper has nothing to do, and looks for further packages at every step
        state = _State(objective, optimizer, config, checkpoint)
        state.load()
        devices = [accelerator.device] if accelerator.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            _loop(state, accelerator, wrapped, prepared, batches, rates, validate, before, progress, what)
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)
    if validate is not None and state.best is not None:
        load_into(objective, state.best, "the best state")
    return state.history


def _loop(
    state: "_State",
    accelerator: Any,
    wrapped: nn.Module,
    optimizer: Any,
    batches: Batches,
    rates: Sequence[float],
    validate: Callable[[], float] | None,
    before: Callable[[int], None] | None,
    progress: Progress | None,
    what: str,
) -> None:
    config, history = state.config, state.history
    rank, ranks = accelerator.process_index, accelerator.num_processes
    wrapped.train()
    for step in range(history.steps, config.steps):
        if state.finished:
            break
        if before is not None:
            before(step)
        _seed(_mix(config.seed, step, rank), accelerator.device)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * config.rate(step)
        tensors = tuple(tensor.to(accelerator.device, non_blocking=True) for tensor in batches(step, rank, ranks))
        returned = wrapped(*tensors)
        parts = returned if isinstance(returned, Mapping) else {"loss": returned}
        value = float(parts["loss"].detach())
        if not np.isfinite(value):
            raise TrainingError(
                f"{what}: the loss is {value} at step {step}; lower the learning rate ({rates[0]:g}) or scale the data"
            )
        optimizer.zero_grad(set_to_none=True)
        if optimizer is state.optimizer:
            parts["loss"].backward()
        else:
            accelerator.backward(parts["loss"])
        if config.clip is not None:
            accelerator.clip_grad_norm_(wrapped.parameters(), config.clip)
        optimizer.step()
        for name, part in parts.items():
            state.sums[name] = state.sums.get(name, 0.0) + (value if name == "loss" else float(part.detach()))
        state.counted += 1
        history.steps = step + 1
        last = step + 1 == config.steps
        if (step + 1) % config.validate_every == 0 or last:
            history.losses.append({"step": step + 1, **{k: total / state.counted for k, total in state.sums.items()}})
            state.sums, state.counted = {}, 0
            if validate is not None:
                state.judge(step + 1, validate, wrapped)
        if progress is not None and (last or (step + 1) % 10 == 0):
            progress(what, step + 1, config.steps)
        if (step + 1) % config.checkpoint_every == 0 and accelerator.is_main_process:
            state.save()
    if validate is None:
        history.best_step = history.steps
    if accelerator.is_main_process:
        state.save()
    accelerator.wait_for_everyone()


class _State:
    """All that a resumed training needs."""

    def __init__(
        self, objective: nn.Module, optimizer: torch.optim.Optimizer, config: TrainConfig, place: Path | None
    ) -> None:
        self.objective, self.optimizer, self.config, self.place = objective, optimizer, config, place
        self.history = History()
        self.best: dict[str, torch.Tensor] | None = None
        self.best_value = float("inf")
        self.waited = 0
        self.sums: dict[str, float] = {}
        self.counted = 0

    @property
    def finished(self) -> bool:
        return self.config.patience is not None and self.waited >= self.config.patience

    def judge(self, step: int, validate: Callable[[], float], wrapped: nn.Module) -> None:
        wrapped.eval()
        with torch.no_grad():
            _seed(_mix(self.config.seed, step, -1), next(self.objective.parameters()).device)
            value = float(validate())
        wrapped.train()
        self.history.validations.append((step, value))
        self.waited += 1
        if value < self.best_value:
            self.best = {name: leaf.detach().clone() for name, leaf in self.objective.state_dict().items()}
            self.best_value, self.history.best_step, self.waited = value, step, 0

    def save(self) -> None:
        if self.place is None:
            return
        tensors = {f"now.{name}": leaf for name, leaf in self.objective.state_dict().items()}
        for name, leaf in (self.best or {}).items():
            tensors[f"best.{name}"] = leaf
        for number, moments in self.optimizer.state_dict()["state"].items():
            for name, moment in moments.items():
                tensors[f"adam.{number}.{name}"] = moment
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

    def load(self) -> None:
        if self.place is None or not self.place.exists():
            return
        tensors, metadata = read_weights(self.place)
        if metadata.get("config") != self._options():
            raise RunError(
                f"{self.place} is the checkpoint of a training with other options "
                f"({metadata.get('config')}, now {self._options()}): give another folder, or remove it"
            )
        load_into(self.objective, _under("now.", tensors), self.place)
        self.best = _under("best.", tensors) or None
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, moment in _under("adam.", tensors).items():
            number, _, what = name.partition(".")
            moments.setdefault(int(number), {})[what] = moment
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        record = metadata["train"]
        history = record["history"]
        history["validations"] = [(int(step), float(value)) for step, value in history["validations"]]
        self.history = History(**history)
        self.best_value = float("inf") if record["best_value"] is None else float(record["best_value"])
        self.waited, self.sums, self.counted = record["waited"], record["sums"], record["counted"]

    def _options(self) -> dict[str, Any]:
        options = asdict(self.config)
        options["betas"] = list(options["betas"])
        del options["device"]
        return options


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _seed(seed: int, device: torch.device) -> None:
    """`torch.manual_seed`, which takes longer than many a step: it notes where it was called from for other devices."""
    if device.type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


def _mix(seed: int, step: int, rank: int) -> int:
    """One number from seed, step and process, well spread."""
    return int(np.random.SeedSequence([seed, step, rank + 1]).generate_state(1, np.uint64)[0] >> 1)
