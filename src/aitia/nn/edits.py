"""Closed-form edits of a linear layer as a memory of key-value pairs, with undo and as a file of the change alone.

A layer y = W k that should give v for new keys k, and what it gave for old ones, K_0 with C = K_0 K_0' / n_0:

    dW = (V - W K) (K' C^-1 K + r I)^-1 K' C^-1                                                                    (1)

With r = 0 the new pairs hold exactly, and among all such changes (1) moves the answers on old keys least; r > 0 trades
the one against the other. An edit writes into the weights, and `undo` writes the very old numbers back.

Source:
    Meng, Bau, Andonian and Belinkov, Locating and editing factual associations in GPT, NeurIPS 2022, equation 2; Meng,
    Sharma, Andonian, Belinkov and Bau, Mass-editing memory in a transformer, ICLR 2023, equation 14.
"""

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

from aitia.errors import FormatError, InterventionError
from aitia.nn.sites.places import find_places
from aitia.nn.sites.weight_paths import oriented
from aitia.nn.weights import read_weights, write_weights

__all__ = ["Edit", "edit_memory"]


class Edit:
    """A change of one layer's weights.

    Args:
        name: The module.
        delta: What is added to its weights, (outputs, inputs).
        made_for: Hash of the weights that it was made for; None applies it to any of that shape.
    """

    def __init__(self, name: str, delta: Tensor, made_for: str | None = None) -> None:
        self.name, self.delta, self.made_for = name, delta, made_for
        self._before: Tensor | None = None
        self._module: nn.Module | None = None

    def apply(self, model: nn.Module) -> None:
        """Adds the change to the model's weights.

        Raises:
            InterventionError: If it is in force already, or the layer has another shape or other weights.
        """
        if self._module is not None:
            raise InterventionError(f"this edit of {self.name} is in force already: undo it first")
        module = _layer(model, self.name)
        weight = oriented(module, self.name)
        if weight.shape != self.delta.shape:
            raise InterventionError(
                f"an edit of {self.name} has shape {tuple(self.delta.shape)}, the layer {tuple(weight.shape)}: "
                "it was made for another model"
            )
        if self.made_for is not None and (here := _hash(weight)) != self.made_for:
            raise InterventionError(
                f"an edit of {self.name} was made for weights with the hash {self.made_for}, here they have {here}: "
                "the model is another one, is edited already, or was loaded in another dtype"
            )
        self._before, self._module = weight.clone(), module
        weight += self.delta.to(weight)

    def undo(self) -> None:
        """Writes the old weights back, bit for bit.

        Raises:
            InterventionError: If the edit is not in force.
        """
        if self._module is None or self._before is None:
            raise InterventionError(f"this edit of {self.name} is not in force: there is nothing to undo")
        oriented(self._module, self.name).copy_(self._before)
        self._before = self._module = None

    def save(self, path: str | Path) -> None:
        """Writes the change alone, as a safetensors file."""
        about = {"edit": self.name, "made_for": self.made_for}
        write_weights(Path(path), {"delta": self.delta}, about, FormatError)

    @classmethod
    def load(cls, path: str | Path) -> "Edit":
        """Reads what `save` wrote.

        Raises:
            FormatError: If the file is missing, damaged or no edit.
        """
        tensors, metadata = read_weights(Path(path))
        if "delta" not in tensors or "edit" not in metadata:
            raise FormatError(f"{path} holds no edit of a layer")
        return cls(str(metadata["edit"]), tensors["delta"], metadata.get("made_for"))


def edit_memory(
    model: nn.Module, name: str, keys: Tensor, values: Tensor, *, usual: Tensor | None = None, ridge: float = 0.0
) -> Edit:
    """The edit after which the layer gives `values` for `keys`; the model is not changed until it is applied.

    Args:
        model: The model.
        name: A linear layer in it, such as `transformer.h.5.mlp.c_proj`.
        keys: (n, inputs) what the layer is given, such as recorded at `name[in]`.
        values: (n, outputs) what it is to give.
        usual: (m, inputs) keys whose answers are to move least, as many as there are inputs or more; None counts all
            directions alike.
        ridge: r of (1), as a share of the mean diagonal of K' C^-1 K; 0 makes the pairs hold exactly.

    Raises:
        UnknownVariableError: If there is no such module.
        InterventionError: If the shapes do not fit, the weights are quantised, or the keys are linearly dependent.
    """
    module = _layer(model, name)
    weight = oriented(module, name).cpu().double()
    k, v = keys.detach().cpu().double(), values.detach().cpu().double()
    if k.ndim != 2 or weight.ndim != 2 or k.shape[1] != weight.shape[1] or v.shape != (len(k), weight.shape[0]):
        raise InterventionError(
            f"{name} takes keys (n, {weight.shape[1]}) and gives values (n, {weight.shape[0]}), got {tuple(k.shape)} "
            f"and {tuple(v.shape)}"
        )
    bias = module._parameters.get("bias")
    gap = v - (k @ weight.T + (0 if bias is None else bias.detach().cpu().double()))
    directions = k.T if usual is None else _whitened(usual.detach().cpu().double(), k, name)
    inner = k @ directions
    inner = inner + ridge * inner.diagonal().mean() * torch.eye(len(k), dtype=torch.float64)
    factor, failed = torch.linalg.cholesky_ex(inner)
    if int(failed) or float(factor.diagonal().min()) < 1e-6 * float(factor.diagonal().max()):
        raise InterventionError(f"the {len(k)} keys for {name} are linearly dependent: leave some out or set ridge")
    change = (gap.T @ torch.cholesky_solve(directions.T, factor)).to(values.dtype)
    return Edit(name, change, _hash(oriented(module, name)))


def _hash(weight: Tensor) -> str:
    """Of the numbers, so that bfloat16 weights read as float32 are the same weights."""
    return hashlib.sha256(weight.float().contiguous().cpu().numpy().tobytes()).hexdigest()[:16]


def _layer(model: nn.Module, name: str) -> nn.Module:
    places = find_places(model, [name])
    if len(places) != 1:
        raise InterventionError(f"{name} stands for {len(places)} layers: an edit is of one")
    return places[0].module


def _whitened(usual: Tensor, keys: Tensor, name: str) -> Tensor:
    """C^-1 K', (inputs, n)."""
    covariance = usual.T @ usual / max(len(usual), 1)
    factor, failed = torch.linalg.cholesky_ex(covariance)
    if usual.ndim != 2 or int(failed) or float(factor.diagonal().min()) < 1e-7 * float(factor.diagonal().max()):
        raise InterventionError(
            f"the usual keys of {name} do not span its {keys.shape[1]} inputs: give more of them, got {len(usual)}"
        )
    return torch.cholesky_solve(keys.T, factor)
