"""The energy of states in subspaces, as a part of a loss: equations (2) and (3) of the decoupling."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from aitia.errors import RunError
from aitia.files import write_whole
from aitia.guard import guarded, read_json
from aitia.nn.probes import CodeLength
from aitia.nn.sites import ProjectOut, Site, intervene
from aitia.systems.alignment_hurts.audit import LayerAudit, VarietyProbe
from aitia.systems.alignment_hurts.config import LARGEST, DecouplingConfig

__all__ = ["Likelihood", "Objective", "Penalty", "projections"]


class Penalty(nn.Module):
    """lambda times (2) or (3), for the subspaces of some layers, which stay as they are until they are set anew.

    Args:
        width: Units of a state.
        layers: How many.
        config: Options.

    Attributes:
        bases: (layers, width, most); columns beyond the rank are zero.
        weights: (layers,) factor of each layer's penalty: 1, or what makes that of the whole state as large.
    """

    bases: Tensor
    weights: Tensor

    def __init__(self, width: int, layers: int, config: DecouplingConfig) -> None:
        super().__init__()
        self.config = config
        most = max(min(LARGEST, width), config.rank or 1)
        self.register_buffer("bases", torch.zeros(layers, width, most))
        self.register_buffer("weights", torch.ones(layers))

    def basis(self, layer: int) -> Tensor:
        """(width, rank) of the subspace of a layer, orthonormal; no column before the first fit."""
        basis: Tensor = self.bases[layer]
        return basis[:, basis.abs().sum(dim=0) > 0]

    @property
    def fitted(self) -> tuple[Tensor, ...]:
        """The bases of all layers; none before the first fit."""
        bases = tuple(self.basis(layer) for layer in range(len(self.bases)))
        return bases if all(basis.shape[1] for basis in bases) else ()

    def put(self, layer: int, basis: Tensor) -> None:
        """Sets the subspace of a layer from an orthonormal basis (width, rank)."""
        self.bases[layer] = 0.0
        self.bases[layer, :, : basis.shape[1]] = basis.to(self.bases)

    def energy(self, layer: int, states: Tensor) -> Tensor:
        """||h P|| of states (..., width), or of the whole state; over ||h|| where the penalty is relative."""
        part = states if self.config.subspace == "whole" else states @ self.bases[layer].to(states.dtype)
        size = part.norm(dim=-1)
        share: Tensor = size / states.norm(dim=-1).detach().clamp(min=1e-12) if self.config.ratio else size
        return share

    def forward(self, states: Sequence[Tensor], content: Tensor, others: Tensor) -> Tensor:
        """The mean over tokens of `energy`, summed over layers.

        Args:
            states: (rows, tokens, width) of each layer.
            content: (rows, tokens) whether a token is of a target.
            others: (rows,) whether a row is of another variety than the dominant one.
        """
        counted = content & others[:, None] if self.config.ratio else content
        total = states[0].new_zeros(())
        for layer, h in enumerate(states):
            if bool(counted.any()):
                total = total + self.weights[layer] * self.energy(layer, h[counted]).mean()
        return total


class Likelihood(nn.Module):
    """The mean negative log-likelihood of the tokens of targets."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor, labels: Tensor, content: Tensor) -> Tensor:
        """The loss of tensors of `target_batch`."""
        logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
        return nn.functional.cross_entropy(logits.flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=-100)


class Objective(nn.Module):
    """(2) or (3); fits the probe anew between steps, and keeps what it found in buffers, for a resume."""

    def __init__(
        self,
        model: nn.Module,
        penalty: Penalty,
        sites: Sequence[Site],
        probe: VarietyProbe,
        subspace: Callable[[CodeLength, Tensor, int], Tensor],
        config: DecouplingConfig,
        record: Path | None = None,
    ) -> None:
        super().__init__()
        self.likelihood, self.penalty = Likelihood(model), penalty
        self.sites, self.config = sites, config
        self._probe, self._subspace = probe, subspace
        self._strength = 0.0
        self._record = record
        self.fits: dict[int, tuple[LayerAudit, ...]] = {} if record is None else self._recorded(record)

    def _recorded(self, record: Path) -> dict[int, tuple[LayerAudit, ...]]:
        """The audits of a training that was stopped."""
        if not record.is_file():
            return {}
        found = read_json(record, dict, RunError)
        with guarded(record, f"is damaged; remove {record.parent}", RunError):
            if found["options"] != json.loads(json.dumps(asdict(self.config))):
                raise RunError(
                    f"{record.parent} is of a training with other options: give another folder, or remove it"
                )
            return {int(step): tuple(LayerAudit(**audit) for audit in audits) for step, audits in found["fits"].items()}

    def before(self, step: int) -> None:
        """Fits the probe where it is due, and sets lambda of this step."""
        since = step % self.config.every if self.config.every else step
        if since == 0 and (self.config.strength > 0 or self.config.hard):
            self._fit(step)
        self._strength = self.config.strength * min(1.0, (since + 1) / self.config.ramp)

    def _fit(self, step: int) -> None:
        self.fits[step] = self._probe.audit(f"step {step}", self.penalty.fitted, dominant=False)
        if self._record is not None:
            fits = {number: [asdict(audit) for audit in audits] for number, audits in self.fits.items()}
            write_whole(self._record, json.dumps({"options": asdict(self.config), "fits": fits}), RunError)
        for layer, (states, code) in enumerate(zip(self._probe.states, self._probe.codes, strict=True)):
            basis = self._subspace(code, states, self.config.seed + 7919 * step + layer)
            self.penalty.put(layer, basis)
            if self.config.subspace == "whole":
                tokens = self._probe.tokens[layer]
                self.penalty.weights[layer] = (tokens @ basis).norm(dim=1).mean() / tokens.norm(dim=1).mean()

    def forward(self, ids: Tensor, mask: Tensor, labels: Tensor, content: Tensor, others: Tensor) -> dict[str, Tensor]:
        """The loss and its parts."""
        if self.config.strength == 0 and not self.config.hard:
            return {"loss": self.likelihood(ids, mask, labels, content)}
        model = self.likelihood.model
        if self.config.hard:
            with intervene(model, projections(self.sites, self.penalty), training=True):
                return {"loss": self.likelihood(ids, mask, labels, content)}
        with intervene(model, record=self.sites, training=True, gradients=True) as run:
            likelihood = self.likelihood(ids, mask, labels, content)
        penalty = self.penalty([run[site] for site in self.sites], content, others)
        return {"loss": likelihood + self._strength * penalty, "likelihood": likelihood, "penalty": penalty}


def projections(sites: Sequence[Site], penalty: Penalty) -> dict[Site, ProjectOut]:
    """What takes the subspace of each layer out of its states."""
    return {site: ProjectOut(basis) for site, basis in zip(sites, penalty.fitted, strict=False)}
