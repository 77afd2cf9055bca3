"""States of the text encoder and the denoiser at the tokens of a concept, and their exchange between two prompts.

Two prompts run side by side, those that are changed first and those that states are taken from second. Under guidance
the denoiser sees empty prompts before both, so that an exchange acts on the second half alone (`Conditional`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from aitia.errors import InterventionError, OptionError
from aitia.nn.conditions import Condition, Conditional
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.sites import Operation, Site, intervene
from aitia.systems.diff_quickfix.prompts import Ending

__all__ = [
    "Corrupt",
    "Exchange",
    "Positions",
    "drawn",
    "embedding_site",
    "output_matrix",
    "positions_of",
    "self_attentions",
]

Positions = Sequence[tuple[list[int], list[int]]]
"""Of each row the positions that are changed, and those that states are taken from."""


@dataclass(frozen=True, eq=False)
class Exchange(Operation):
    """Gives the first half of the rows what the second half has.

    Args:
        positions: Of each row of the first half; None exchanges the whole state.
        chance: Seed of a control: a change as long as the exchange, in a random direction; None exchanges.
    """

    positions: Positions | None = None
    chance: int | None = None

    def change(self, now: Tensor, units: int) -> Tensor:
        """The first half changed."""
        half = len(now) // 2
        new = now.clone()
        if self.positions is None:
            new[:half] = self._moved(now[:half], now[half:])
            return new
        for row in range(half):
            mine, theirs = (torch.tensor(one, device=now.device) for one in self.positions[row])
            new[row, mine] = self._moved(now[row, mine], now[half + row, theirs])
        return new

    def _moved(self, now: Tensor, to: Tensor) -> Tensor:
        if self.chance is None:
            return to
        drawn = torch.randn(now.shape, generator=torch.Generator().manual_seed(self.chance)).to(now)
        moved: Tensor = now + drawn * (to - now).norm() / drawn.norm()
        return moved

    def __str__(self) -> str:
        return "Exchange()" if self.chance is None else f"Exchange(chance={self.chance})"


@dataclass(frozen=True, eq=False)
class Corrupt(Operation):
    """Adds noise at some positions of the first half of the rows, as many different draws as there are rows.

    Args:
        positions: Of each row of the first half.
        scale: Standard deviation.
        seed: Of the noise; the same in every run.
    """

    positions: Sequence[Sequence[int]]
    scale: float
    seed: int

    def change(self, now: Tensor, units: int) -> Tensor:
        """The first half with noise."""
        new, draw = now.clone(), torch.Generator().manual_seed(self.seed)
        for row, places in enumerate(self.positions):
            added = torch.randn(len(places), now.shape[-1], generator=draw).to(now)
            new[row, list(places)] += self.scale * added
        return new

    def __str__(self) -> str:
        return f"Corrupt({self.scale:g}, seed={self.seed})"


def positions_of(
    pipeline: ImagePipeline, endings: Sequence[tuple[Ending, Ending]], encoder: str, later: bool, length: int
) -> Positions:
    """Of each pair of texts the last token of the words that are meant, and all positions behind if `later`.

    Positions behind are paired from the first one on; `length` is how many the encoder reads.
    """
    found = []
    for both in endings:
        mine, theirs = (pipeline.token_positions(one.text, one.words, encoder)[-1] for one in both)
        count = min(length - mine, length - theirs) if later else 1
        found.append((list(range(mine, mine + count)), list(range(theirs, theirs + count))))
    return found


def self_attentions(pipeline: ImagePipeline, encoder: str) -> list[str]:
    """The self-attentions of a text encoder, the first layer first.

    Raises:
        OptionError: If the pipeline has no such text encoder.
    """
    if encoder not in pipeline.text_encoders:
        known = ", ".join(pipeline.text_encoders) or "no text encoder"
        raise OptionError(f"{pipeline.source} has no text encoder {encoder!r}; it has {known}")
    return [str(site) for site in pipeline.sites("self_attention", encoder)]


def output_matrix(pipeline: ImagePipeline, attention: str) -> str:
    """The name of the matrix that gives a self-attention's output, once it is known that it may be changed.

    Raises:
        InterventionError: If it is no plain linear layer, or its weight is that of another layer too.
    """
    modules = dict(pipeline.named_modules())
    name: str | None = next(
        (f"{attention}.{last}" for last in ("out_proj", "o") if f"{attention}.{last}" in modules), None
    )
    if name is None:
        raise InterventionError(f"{attention} has no output matrix: neither out_proj nor o")
    module: Any = modules[name]
    if hasattr(module, "base_layer"):
        raise InterventionError(f"{name} has an adapter beside it: merge it into the weights first (fuse_lora)")
    if type(module) is not torch.nn.Linear or not module.weight.is_floating_point():
        raise InterventionError(
            f"{name} is a {type(module).__name__}, no plain linear layer: load the pipeline unquantised and uncompiled"
        )
    shared = [
        other
        for other, parameter in pipeline.named_parameters(remove_duplicate=False)
        if parameter is module.weight and other != f"{name}.weight"
    ]
    if shared:
        raise InterventionError(
            f"the weight of {name} is tied to {shared[0]}: an edit would change both. Untie them, or edit another layer"
        )
    return name


def embedding_site(pipeline: ImagePipeline, encoder: str) -> str:
    """Where the embeddings of the tokens are."""
    ends = ("token_embedding", "shared", "embed_tokens")
    names: list[str] = [name for name, _ in pipeline.named_modules() if name.startswith(f"{encoder}.")]
    found = next((name for name in names if name.rsplit(".", 1)[-1] in ends), None)
    if found is None:
        raise OptionError(f"{encoder} of {pipeline.source} has no embeddings of tokens: trace with corruption=other")
    return found


@torch.no_grad()
def drawn(
    pipeline: ImagePipeline,
    prompts: Sequence[str],
    noise: Tensor,
    steps: int,
    guidance: float,
    told: Mapping[Any, Any] | None = None,
    *,
    within: Mapping[str, Operation] | None = None,
    first: int | None = None,
    empty: Sequence[str] | None = None,
) -> Tensor:
    """Pictures (n, 3, height, width) of prompts, one each.

    Args:
        pipeline: It.
        prompts: One a picture.
        noise: One a picture that is drawn.
        steps: Of drawing.
        guidance: Of drawing.
        told: What is done in the text encoders.
        within: What is done in the denoiser, to the conditional half.
        first: Draws the first rows only, once all have been embedded; None draws all.
        empty: Prompts that are guided away from; None takes the empty one.
    """
    if told:
        with intervene(pipeline, told):
            said: Condition = pipeline.embed(prompts)
    else:
        said = pipeline.embed(prompts)
    if first is not None:
        said = said.take(range(first))
    away = None if empty is None else pipeline.embed(empty)
    if not within:
        return pipeline.draw(said, noise, steps=steps, guidance=guidance, empty=away)
    guided = guidance != 1
    sites = {Site(site): Conditional(op) if guided else op for site, op in within.items()}
    with intervene(pipeline, sites):
        return pipeline.draw(said, noise, steps=steps, guidance=guidance, empty=away)
