"""In a causal language model nothing before a token depends on it: runs from a token on, with keys and values kept.

What is done at a position changes activations there and later. So the plain run's keys and values of all earlier
tokens are kept, and an intervention runs the later tokens only. It is for models of transformers that take
`past_key_values` of the plain growing kind, prompts without padding, and metrics that read the last position alone;
that nothing before a token depends on it is measured, not believed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from aitia.nn.sites.places import Place, argument_names

__all__ = ["Tail", "batches"]

_RUN_COSTS = 40
"""What one more run costs, in tokens of a row: weights are read and Python runs once more. Measured on GPT-2 small."""

_SHORTEST = 24
"""Tokens of a prompt below which a tail saves nothing."""


class Tail:
    """The keys and values of a run, to go on from any token of it. Made by `Tail.of`.

    Args:
        inputs: Of the run.
        tokens: The name of the input that has the tokens.
        kept: Keys and values of each layer, (rows, heads, tokens, width).
    """

    def __init__(self, inputs: Mapping[str, Any], tokens: str, kept: Sequence[tuple[Tensor, Tensor]]) -> None:
        self._inputs, self._tokens, self._kept = inputs, tokens, kept
        self.length = int(inputs[tokens].shape[1])

    @classmethod
    def of(cls, model: nn.Module, inputs: Any, metric: object) -> "Tail | None":
        """The tail of a run; None where the model, its inputs or the metric do not allow it."""
        tokens = _tokens(model, inputs, metric)
        if tokens is None:
            return None
        try:
            whole = _keys_and_values(model, inputs)
            shorter = {name: value[:, :-1] if isinstance(value, Tensor) else value for name, value in inputs.items()}
            before = _keys_and_values(model, shorter)
        except (RuntimeError, TypeError, AttributeError, LookupError, ValueError):
            return None
        if whole is None or before is None or len(whole) != len(before):
            return None
        pairs = [(a, b) for one, other in zip(whole, before, strict=True) for a, b in zip(one, other, strict=True)]
        if not all(torch.allclose(a[:, :, :-1], b, rtol=1e-3, atol=1e-3 * float(b.abs().max())) for a, b in pairs):
            return None
        return cls(inputs, tokens, whole)

    def start(self, place: Place) -> int:
        """The first token that depends on what is done at the place."""
        position = place.site.position
        if not isinstance(position, int) or not -self.length <= position < self.length:
            return 0
        return position % self.length

    def inputs(self, start: int, copies: int) -> dict[str, Any]:
        """Of a run from the token on, with copies of its rows one after another."""
        from transformers import DynamicCache

        cache = DynamicCache()
        for layer, (keys, values) in enumerate(self._kept):
            both = (x[:, :, :start].repeat(copies, 1, 1, 1) for x in (keys, values))
            cache.update(*both, layer)
        made = dict(self._inputs)
        for name, value in self._inputs.items():
            if isinstance(value, Tensor):
                later = value[:, start:] if name == self._tokens else value
                made[name] = later.repeat(copies, *[1] * (value.ndim - 1))
        return {**made, "past_key_values": cache, "use_cache": True}


def _tokens(model: nn.Module, inputs: Any, metric: object) -> str | None:
    """The name of the input with the tokens, where a tail is possible."""
    if not isinstance(inputs, Mapping) or not getattr(metric, "last_position_only", False):
        return None
    if not {"past_key_values", "use_cache"} <= set(argument_names(model)):
        return None
    if getattr(getattr(model, "config", None), "is_encoder_decoder", True) or "past_key_values" in inputs:
        return None
    tensors = {name for name, value in inputs.items() if isinstance(value, Tensor) and value.ndim > 0}
    found = tensors & {"input_ids", "inputs_embeds"}
    mask = inputs.get("attention_mask")
    if len(found) != 1 or tensors - found - {"attention_mask"}:
        return None
    if mask is not None and (not isinstance(mask, Tensor) or mask.ndim != 2 or not bool(mask.bool().all())):
        return None
    (name,) = sorted(found)
    return name if inputs[name].shape[1] >= _SHORTEST else None


def _keys_and_values(model: nn.Module, inputs: Mapping[str, Any]) -> list[tuple[Tensor, Tensor]] | None:
    from transformers.cache_utils import DynamicLayer

    cache = model(**{**inputs, "use_cache": True}).past_key_values
    layers = getattr(cache, "layers", None)
    if not layers or any(type(layer) is not DynamicLayer or not layer.is_initialized for layer in layers):
        return None  # windows that slide, or states of another kind
    return [(layer.keys, layer.values) for layer in layers]


def batches(group: Sequence[Place], most: int, rows: int, tail: Tail | None) -> list[list[Place]]:
    """The places of one module in batches that run together; with a tail, those that start at about the same token.

    Args:
        group: The places.
        most: Places a batch at most.
        rows: Of the inputs.
        tail: None takes them in order.
    """
    if tail is None:
        return [list(group[first : first + most]) for first in range(0, len(group), most)]
    found: list[list[Place]] = []
    waste = 0
    for place in sorted(group, key=tail.start, reverse=True):  # a batch starts where the first of its places does
        more = rows * len(found[-1]) * (tail.start(found[-1][-1]) - tail.start(place)) if found else 0
        if not found or len(found[-1]) == most or waste + more > _RUN_COSTS:
            found.append([])
            waste, more = 0, 0
        found[-1].append(place)
        waste += more
    return found
