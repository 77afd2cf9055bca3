"""The one training loop: accelerate, progress, validation, early stopping, checkpoints and resume.

Every step is a function of the seed, the step and the process: batches are drawn by step, and the noise of a step comes
from a generator seeded with it. A run that was killed and resumed therefore ends in the same bytes as one that was not.

Under `torchrun --nproc-per-node K` each process takes its share of a batch and gradients are averaged; under
`accelerate launch` with FSDP 2 the weights, gradients and moments that are trained lie in parts over the processes.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from aitia.engine import Progress
from aitia.errors import TrainingError
from aitia.nn.weights import load_into
from aitia.train.batches import Batches
from aitia.train.config import TrainConfig
from aitia.train.memory import too_large
from aitia.train.sharding import Shards
from aitia.train.state import History, TrainState, seed_step

__all__ = ["train"]


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
        TrainingError: If the loss is not finite, the memory of a GPU does not hold a batch, or the launch shards the
            model in a way that cannot be followed here.
        FormatError: If the checkpoint is another model's; names the first leaf that does not fit.
        RunError: If the checkpoint is of a training with other options, or cannot be written.
    """
    from accelerate import Accelerator, DistributedType

    accelerator = Accelerator(cpu=config.device == "cpu")
    chosen = groups or [([p for p in objective.parameters() if p.requires_grad], config.learning_rate)]
    trained = {id(p) for params, _ in chosen for p in params}
    frozen = [p for p in objective.parameters() if p.requires_grad and id(p) not in trained]
    for parameter in frozen:
        parameter.requires_grad_(False)
    try:
        rates = [rate for _, rate in chosen]
        sharded = accelerator.distributed_type == DistributedType.FSDP
        shards = Shards(objective, accelerator) if sharded else None
        optimizer = torch.optim.AdamW(
            [{"params": list(params), "lr": rate} for params, rate in (shards.groups(chosen) if shards else chosen)],
            betas=config.betas,
            weight_decay=config.weight_decay,
            fused=True,
        )
        wrapped, prepared = accelerator.prepare(shards.parts if shards else objective, optimizer)
        if accelerator.num_processes == 1 and accelerator.mixed_precision == "no":
            prepared = optimizer  # the wrapper has nothing to do, and looks for further packages at every step
        state = TrainState(objective, optimizer, config, checkpoint, shards)
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


def _gradients(
    wrapped: nn.Module, tensors: Sequence[torch.Tensor], backward: Callable[[Any], None]
) -> tuple[float, Mapping[str, Any]] | None:
    """The loss of a batch and its parts, with gradients where it is finite; None where the memory is too small."""
    try:
        returned = wrapped(*tensors)
        parts = returned if isinstance(returned, Mapping) else {"loss": returned}
        value = float(parts["loss"].detach())
        if np.isfinite(value):
            backward(parts["loss"])
    except torch.OutOfMemoryError:
        return None
    return value, parts


def _loop(
    state: TrainState,
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
            state.gather()
            before(step)
            state.scatter()
        seed_step(config.seed, step, rank, accelerator.device)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * config.rate(step)
        tensors = tuple(tensor.to(accelerator.device, non_blocking=True) for tensor in batches(step, rank, ranks))
        optimizer.zero_grad(set_to_none=True)
        backward = torch.Tensor.backward if optimizer is state.optimizer else accelerator.backward
        if (found := _gradients(wrapped, tensors, backward)) is None:
            raise TrainingError(too_large(what, step, wrapped, tensors))
        value, parts = found
        if not np.isfinite(value):
            raise TrainingError(
                f"{what}: the loss is {value} at step {step}; lower the learning rate ({rates[0]:g}) or scale the data"
                + (f"; the state of step {state.saved} is in {state.place}" if state.saved else "")
            )
        state.check()
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
                state.judge(step + 1, validate)
        if progress is not None and (last or (step + 1) % 10 == 0):
            progress(what, step + 1, config.steps)
        if (step + 1) % config.checkpoint_every == 0:
            state.save(accelerator.is_main_process)
    if validate is None:
        history.best_step = history.steps
    state.save(accelerator.is_main_process)
    accelerator.wait_for_everyone()
