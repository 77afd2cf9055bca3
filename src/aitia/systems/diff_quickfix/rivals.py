"""What an edit in closed form stands beside: fine-tuning, prompt negation, and the embedding of another word.

    tuned      minimises |eps(x_t, prompt) - eps_0(x_t, other)|^2 over the keys and values of all cross-attentions   (1)
    negated    draws the prompt guided away from the concept's words, not from nothing
    copied     the embedding of the concept's token := that of the other word's token

(1) is concept ablation (Kumari and others, ICCV 2023) with noised pictures of the other prompt, as drawn by the model.
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from aitia.errors import InterventionError
from aitia.nn.pipelines import ImagePipeline
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.effects import in_parts
from aitia.systems.diff_quickfix.prompts import Pair
from aitia.systems.diff_quickfix.states import drawn, embedding_site

__all__ = ["copied", "negated", "tuned"]


def tuned(
    pipeline: ImagePipeline, pairs: Sequence[Pair], config: DiffQuickfixConfig, updates: int = 100, rate: float = 1e-3
) -> ImagePipeline:
    """A copy of the pipeline, fine-tuned by (1)."""
    mine = copy.deepcopy(pipeline)
    count = max(1, -(-16 // len(pairs)))
    some = [pair for pair in pairs for _ in range(count)]
    x = in_parts(pipeline, [pair.other for pair in some], pipeline.noise(len(some), config.seed), config)
    with torch.no_grad():
        latents = pipeline.encode(x)
        old, new = pipeline.embed([pair.prompt for pair in some]), pipeline.embed([pair.other for pair in some])
    parameters = [
        parameter for name, parameter in mine.denoiser.named_parameters()
        if ".attn2.to_k" in name or ".attn2.to_v" in name
    ]  # fmt: skip
    optimizer = torch.optim.AdamW(parameters, lr=rate)
    random = torch.Generator().manual_seed(config.seed)
    teach, learn = pipeline.denoise(new), mine.denoise(old)
    for _ in range(updates):
        # drawn on the processor, so that a seed has the same noise on every device
        t = torch.randint(len(pipeline.schedule), (len(some),), generator=random).to(latents.device)
        noised = pipeline.schedule.noised(latents, torch.randn(latents.shape, generator=random).to(latents), t)
        with torch.no_grad():
            wanted = teach(noised, t)
        loss = (learn(noised, t) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return mine


def negated(
    pipeline: ImagePipeline, prompts: Sequence[str], concept: str, noise: Tensor, config: DiffQuickfixConfig
) -> Tensor:
    """Pictures of prompts, guided away from the concept's words."""
    away = [concept] * len(prompts)
    return drawn(pipeline, prompts, noise, config.steps, config.guidance, empty=away)


def copied(pipeline: ImagePipeline, pair: Pair, encoder: str) -> ImagePipeline:
    """A copy of the pipeline in which the concept's token has the embedding of the other word's.

    Raises:
        InterventionError: If the words are of different numbers of tokens.
    """
    mine = copy.deepcopy(pipeline)
    tokenizer = mine.library.components[encoder.replace("text_encoder", "tokenizer")]
    old, new = (tokenizer(text, add_special_tokens=False).input_ids for text in (pair.concept, pair.words))
    if len(old) != len(new):
        raise InterventionError(
            f"{pair.concept!r} is {len(old)} tokens and {pair.words!r} {len(new)}: no embedding can be copied"
        )
    weight = mine.get_submodule(embedding_site(mine, encoder)).weight
    with torch.no_grad():
        weight[old] = weight[new]  # type: ignore[index, operator]
    return mine
