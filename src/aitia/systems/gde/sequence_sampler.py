"""Sequences of tokens given a vector z: a causal language model that reads z as the embeddings before the first token.

Any causal model of Hugging Face that takes `inputs_embeds` serves: a language model of text, DNA or proteins.

Source:
    Li and Liang, Prefix-tuning: Optimizing continuous prompts for generation, ACL 2021 (a learnt prefix);
    Fishman and others, Generative Distribution Embeddings, 2025 (z as the prefix).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from aitia.errors import OptionError

__all__ = ["ABSENT", "SequenceSampler"]

ABSENT = -100
"""Stands where a sequence has no token."""


class SequenceSampler(nn.Module):
    """p(tokens | z), with the interface of `samplers`.

    Args:
        model: A causal language model of Hugging Face.
        latents: Numbers of z.
        prefix: Embeddings that z becomes.
        length: Tokens of a sampled sequence at most.
        end: Token after which a sequence ends; None for none.

    Raises:
        OptionError: If the model has no input embeddings, or a number is not positive.
    """

    def __init__(
        self, model: nn.Module, latents: int, *, prefix: int = 4, length: int = 32, end: int | None = None
    ) -> None:
        super().__init__()
        if not hasattr(model, "get_input_embeddings"):
            raise OptionError(f"a sampler of sequences needs a causal language model, got a {type(model).__name__}")
        if min(latents, prefix, length) < 1:
            raise OptionError(f"latents, prefix and length are at least 1, got {latents}, {prefix} and {length}")
        self.model: Any = model
        self.prefix, self.length, self.end = prefix, length, end
        self.read = nn.Linear(latents, prefix * self._embed.embedding_dim)

    @property
    def _embed(self) -> nn.Embedding:
        embedding: nn.Embedding = self.model.get_input_embeddings()
        return embedding

    def _before(self, z: Tensor) -> Tensor:
        """(rows, prefix, width) of (rows, latents)."""
        before: Tensor = self.read(z)
        return before.reshape(len(z), self.prefix, -1)

    def loss(self, z: Tensor, points: Tensor) -> Tensor:
        """-log p of a sequence in nats, mean over the sequences of each set, (sets,).

        Args:
            z: (sets, latents).
            points: Tokens, (sets, sequences, length), with `ABSENT` after the end of a sequence.
        """
        sets, n, length = points.shape
        ids = points.flatten(0, 1)
        inside = ids != ABSENT
        before = self._before(z).repeat_interleave(n, 0)
        inputs = torch.cat([before, self._embed(ids.masked_fill(~inside, 0))], 1)
        seen = torch.cat([inside.new_ones(len(ids), self.prefix), inside], 1).long()
        logits = self.model(inputs_embeds=inputs, attention_mask=seen).logits[:, self.prefix - 1 : -1]
        each = cross_entropy(logits.flatten(0, 1), ids.flatten(), ignore_index=ABSENT, reduction="none")
        return each.reshape(sets, n, length).sum(-1).mean(-1)

    def sample(self, z: Tensor, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n sequences of each z: tokens (sets, n, length), `ABSENT` after the end.

        Raises:
            OptionError: If n is less than 1.
        """
        if n < 1:
            raise OptionError(f"a sample has at least 1 sequence, got {n}")
        with torch.no_grad():
            inputs = self._before(z).repeat_interleave(n, 0)
            drawn = torch.full((len(inputs), self.length), ABSENT)
            going = torch.ones(len(inputs), dtype=torch.bool)
            past: Any = None
            for t in range(self.length):
                out = self.model(inputs_embeds=inputs, past_key_values=past, use_cache=True)
                chances = out.logits[:, -1].softmax(-1).cpu()
                token = torch.multinomial(chances, 1, generator=generator)[:, 0]
                drawn[going, t] = token[going]
                if self.end is not None:
                    going &= token != self.end
                    if not going.any():
                        break
                past, inputs = out.past_key_values, self._embed(token.to(inputs.device))[:, None]
        return drawn.reshape(len(z), n, self.length)
