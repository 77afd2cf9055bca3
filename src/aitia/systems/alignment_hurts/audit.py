"""Where the varieties sit in the states of each layer: code lengths, energies, angles and distances."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aitia.nn.erasure import subspace_angles
from aitia.nn.language import LanguageModel, mean_state, target_batch
from aitia.nn.probes import CodeLength, code_length, online_code_length
from aitia.nn.sites import Site, intervene
from aitia.systems.alignment_hurts.config import LARGEST, DecouplingConfig
from aitia.systems.alignment_hurts.reading import Sentences

__all__ = ["LayerAudit", "VarietyProbe", "tensors_of"]


@dataclass(frozen=True)
class LayerAudit:
    """What the states of one layer say of the varieties, averaged over the tokens of each target.

    Args:
        when: Such as `before`, `step 500` or `after`.
        site: The layer.
        accuracy: Of the probe of all varieties, on the sentences that it was fitted on.
        bits: Its variational code length a sentence.
        plain_bits: Of a code that knows only how frequent the varieties are, a sentence.
        dominant_bits: As `bits`, of the dominant variety against all others; not looked at during training.
        online_bits: As `dominant_bits`, of the online code.
        rank: Of the subspace (1).
        energy: Mean of ||h P||^2 / ||h||^2 over the sentences of each variety, P being that of these states.
        held: The same with P as it was at the last fit in training; that of these states before it.
        angle: Mean principal angle in degrees between the directions in which the dominant variety's states and each
            variety's vary most, as many as the rank.
        distance: Cosine distance of each variety's mean state from the dominant variety's.
        turned: Mean principal angle in degrees from the P of the last fit to that of these states; 0 before it.
    """

    when: str
    site: str
    accuracy: float
    bits: float
    plain_bits: float
    dominant_bits: float | None
    online_bits: float | None
    rank: int
    energy: Mapping[str, float]
    held: Mapping[str, float]
    angle: Mapping[str, float]
    distance: Mapping[str, float]
    turned: float


class VarietyProbe:
    """Looks at the states of some sentences, as many of each variety, and tells the varieties apart."""

    def __init__(
        self,
        language: LanguageModel,
        rows: Sentences,
        names: Sequence[str],
        sites: Sequence[Site],
        config: DecouplingConfig,
    ) -> None:
        self.model, self.names, self.sites, self.config = language.model, tuple(names), tuple(sites), config
        members = {name: [k for k, variety in enumerate(rows.varieties) if variety == name] for name in names}
        few = min(config.probe_rows, *(len(found) for found in members.values()))
        picked = [row for name in names for row in members[name][:few]]
        self.labels = torch.tensor([k for k in range(len(names)) for _ in range(few)])
        self._batch = tensors_of(language, rows.take(picked), config)
        self.states: list[Tensor] = []
        self.tokens: list[Tensor] = []
        self.codes: list[CodeLength] = []

    def look(self) -> None:
        """Records the mean state of each sentence and the states of all tokens, and fits the probe of each layer."""
        was = self.model.training
        self.model.eval()
        device = next(self.model.parameters()).device
        means: list[list[Tensor]] = [[] for _ in self.sites]
        tokens: list[list[Tensor]] = [[] for _ in self.sites]
        for start in range(0, len(self.labels), 256):
            ids, mask, _, content = (tensor[start : start + 256].to(device) for tensor in self._batch.values())
            with torch.no_grad(), intervene(self.model, record=self.sites) as run:
                self.model(input_ids=ids, attention_mask=mask, use_cache=False)
            for layer, site in enumerate(self.sites):
                states = run[site].float()
                means[layer].append(mean_state(states, content).cpu())
                tokens[layer].append(states[content].cpu())
        self.model.train(was)
        self.states = [torch.cat(parts) for parts in means]
        self.tokens = [torch.cat(parts) for parts in tokens]
        self.codes = [
            code_length(states, self.labels, steps=self.config.probe_steps, rate=0.05, seed=self.config.seed)
            for states in self.states
        ]

    def audit(self, when: str, last: Sequence[Tensor] = (), *, dominant: bool = True) -> tuple[LayerAudit, ...]:
        """Looks, and says what it sees.

        Args:
            when: Told in the audit.
            last: The subspace of each layer at the last fit; none before the first.
            dominant: Whether the probes of the dominant variety against the others are fitted as well.
        """
        self.look()
        return tuple(
            self._audit(layer, when, last[layer].cpu() if len(last) else None, dominant)
            for layer in range(len(self.sites))
        )

    def _audit(self, layer: int, when: str, last: Tensor | None, dominant: bool) -> LayerAudit:
        h, code, n = self.states[layer], self.codes[layer], len(self.labels)
        basis = code.contrasts(0, most=LARGEST, rank=self.config.rank, certain=self.config.certain)
        last = basis if last is None else last
        alone = online = None
        if dominant:
            first = (self.labels == 0).long()
            alone = code_length(h, first, steps=self.config.probe_steps, rate=0.05, seed=self.config.seed).bits / n
            online = online_code_length(h, first, seed=self.config.seed) / n
        groups = {name: h[self.labels == k] for k, name in enumerate(self.names)}
        main, rank = groups[self.names[0]], basis.shape[1]
        return LayerAudit(
            when=when,
            site=str(self.sites[layer]),
            accuracy=code.accuracy,
            bits=code.bits / n,
            plain_bits=code.plain_bits / n,
            dominant_bits=alone,
            online_bits=online,
            rank=rank,
            energy={name: _share(x, basis) for name, x in groups.items()},
            held={name: _share(x, last) for name, x in groups.items()},
            angle={name: _angle(_leading(main, rank), _leading(x, rank)) for name, x in groups.items()},
            distance={
                name: 1 - float(nn.functional.cosine_similarity(main.mean(0), x.mean(0), dim=0))
                for name, x in groups.items()
            },
            turned=_angle(last, basis),
        )


def _share(states: Tensor, basis: Tensor) -> float:
    return float(((states @ basis).square().sum(dim=1) / states.square().sum(dim=1).clamp(min=1e-24)).mean())


def _leading(states: Tensor, rank: int) -> Tensor:
    directions: Tensor = torch.linalg.svd(states - states.mean(dim=0), full_matrices=False)[2][:rank].T
    return directions


def _angle(one: Tensor, other: Tensor) -> float:
    return math.degrees(float(subspace_angles(one, other).mean()))


def tensors_of(language: LanguageModel, rows: Sentences, config: DecouplingConfig) -> dict[str, Tensor]:
    """The rows as `target_batch`, with the prompts of the options."""
    prompts = [
        config.prompt.format(source=source, variety=variety)
        for source, variety in zip(rows.sources, rows.varieties, strict=True)
    ]
    return target_batch(language.tokenizer, prompts, rows.targets, language.longest)
