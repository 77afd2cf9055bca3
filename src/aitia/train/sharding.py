"""Fully sharded training (FSDP 2): a copy of an objective in parts, and the whole one that all else reads.

Under FSDP the weights that are trained, their gradients and their moments lie in parts over the processes, and only the
forward pass of the model that was sharded puts them together. Validation, what a step fits before it and what is saved
call whatever they like of the objective. So a copy is sharded and trained, and its weights are gathered into the
objective, whole in every process, where one of these is due.
"""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from aitia.errors import TrainingError

__all__ = ["Shards", "parted", "whole"]

Groups = Sequence[tuple[Sequence[nn.Parameter], float]]
"""Parameters and their learning rates."""


class Shards:
    """An objective and the copy of it that is trained in parts.

    Args:
        objective: Whole in every process, on the device of the training.
        accelerator: Of accelerate, launched with FSDP.

    Raises:
        TrainingError: If it was launched with FSDP 1, which makes one flat vector of the weights, or to load them in
            the first process alone; or if a parameter is one number, which has no parts.
    """

    def __init__(self, objective: nn.Module, accelerator: Any) -> None:
        if not accelerator.is_fsdp2:
            raise TrainingError("accelerate was told to shard the model by FSDP 1: set `fsdp_version: 2`")
        if accelerator.state.fsdp_plugin.cpu_ram_efficient_loading:
            raise TrainingError(
                "accelerate was told to load the weights in the first process alone, and every process has them here: "
                "set `fsdp_cpu_ram_efficient_loading: false`"
            )
        if numbers := [name for name, p in objective.named_parameters() if p.requires_grad and not p.ndim]:
            raise TrainingError(f"FSDP cannot part {numbers[0]}, one number: launch with `distributed_type: MULTI_GPU`")
        self.objective = objective.to(accelerator.device)
        self.parts = copy.deepcopy(objective)
        self._reached = False

    def groups(self, groups: Groups) -> Groups:
        """The same parameters of the copy.

        Raises:
            TrainingError: If one is not the objective's.
        """
        of = {id(p): part for p, part in zip(self.objective.parameters(), self.parts.parameters(), strict=True)}
        if any(id(p) not in of for parameters, _ in groups for p in parameters):
            raise TrainingError("a sharded training takes parameters of its objective alone, and got others")
        return [([of[id(p)] for p in parameters], rate) for parameters, rate in groups]

    def check(self) -> None:
        """After the first gradients: refuses an objective whose copy does not compute with what is trained of it.

        A hook that holds a module of the objective still holds that module in the copy, and would train nothing.

        Raises:
            TrainingError: If a parameter that wants a gradient has none; names it.
        """
        if self._reached:
            return
        if lost := [name for name, p in self.parts.named_parameters() if p.requires_grad and p.grad is None]:
            raise TrainingError(
                f"the loss does not reach {lost[0]} where FSDP shards the model: launch with "
                "`distributed_type: MULTI_GPU`"
            )
        self._reached = True

    @torch.no_grad()
    def gather(self) -> None:
        """Makes the objective what the copy has become; every process has to call it."""
        for leaf, part in zip(self._leaves(self.objective), self._leaves(self.parts), strict=True):
            leaf.copy_(whole(part))

    @torch.no_grad()
    def scatter(self) -> None:
        """Makes the copy what the objective has become; every process has to call it."""
        for leaf, part in zip(self._leaves(self.objective), self._leaves(self.parts), strict=True):
            part.copy_(parted(leaf, part))

    @staticmethod
    def _leaves(module: nn.Module) -> list[torch.Tensor]:
        return [*module.parameters(), *module.buffers()]


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor put together from its parts in all processes; one that lies whole in each as it is."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def parted(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A tensor that is whole in every process in the parts of another of its shape; as it is where that is whole."""
    if not hasattr(like, "full_tensor") or tensor.shape != like.shape:
        return tensor
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(like, DTensor)
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)
