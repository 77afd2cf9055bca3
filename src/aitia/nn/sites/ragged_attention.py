"""Attention of many runs that start at different tokens: the part of `ragged` that looks at other tokens.

Transformers of Hugging Face look their attention up in `AttentionInterface`, by the name in their config. While runs
last the name is ours, and ours does one of three things: it keeps the keys and values of the plain run; or it lets each
run of a packed batch attend to the plain run before its start and to itself from there on; or it keeps the keys and
values of a packed batch and stops, where nothing else of a block is needed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

__all__ = ["Packed", "RaggedAttention"]

_NAME = "aitia_ragged"
_MORE = ("softcap", "s_aux", "position_bias", "head_mask")
"""What some models ask of their attention beside attending."""

_under_way: list["RaggedAttention"] = []
"""The one whose block lasts, which the registered function asks."""


class _KeysKnownError(Exception):
    """Leaves a block once its keys and values are known."""


class Packed:
    """Where the tokens of runs are in a batch (1, tokens of all runs, width): groups of runs with one start.

    Args:
        groups: (first token that is their own, texts, tokens that are in the batch) of each group.
        at_end: The position of the only token of each that is in the batch; None where they begin with the start.
    """

    def __init__(self, groups: Sequence[tuple[int, int, int]], at_end: int | None = None) -> None:
        self.groups, self.at_end = groups, at_end
        self.firsts = [sum(n * m for _, n, m in groups[:k]) for k in range(len(groups))]

    def positions(self, rows: int) -> tuple[Tensor, Tensor]:
        """(tokens,) the position of each token, and (tokens,) the row of the inputs that it is of."""
        where, row = [], []
        for start, texts, tokens in self.groups:
            first = start if self.at_end is None else self.at_end
            where.append(torch.arange(first, first + tokens).repeat(texts))
            row.append((torch.arange(texts) % rows).repeat_interleave(tokens))
        return torch.cat(where), torch.cat(row)

    def split(self, flat: Tensor) -> list[Tensor]:
        """(tokens, ...) as (texts, tokens, ...) of each group."""
        cut = torch.split(flat, [texts * tokens for _, texts, tokens in self.groups])
        return [x.reshape(*group[1:], *x.shape[1:]) for x, group in zip(cut, self.groups, strict=True)]


class RaggedAttention:
    """The attention of a model, taken over.

    Args:
        model: Whose modules have the configs.

    Attributes:
        packed: The batch that runs.
    """

    def __init__(self, model: nn.Module) -> None:
        found: list[Any] = [getattr(module, "config", None) for module in model.modules()]
        self._configs = list({id(c): c for c in found if hasattr(c, "_attn_implementation")}.values())
        self._kept: dict[nn.Module, tuple[Tensor, Tensor]] = {}
        self._asked = 0
        self._earlier: dict[int, tuple[Tensor, Tensor]] = {}
        self._attend: Callable[..., Tensor] = self._keep
        self.packed = Packed([])

    @property
    def keeps(self) -> bool:
        """Whether it is the plain run that is under way."""
        return self._attend == self._keep

    def complete(self, blocks: int, shape: Sequence[int]) -> bool:
        """Whether each block asked once, with keys and values of every token (rows, tokens)."""
        kept = self._kept.values()
        alike = all(x.ndim == 4 and (len(x), x.shape[2]) == tuple(shape) for both in kept for x in both)
        return len(self._kept) == self._asked == blocks and alike

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """While the block lasts, keys and values of a run are kept."""
        self._kept, self._asked = {}, 0
        with self._taken_over(self._keep):
            yield

    @contextmanager
    def packing(self) -> Iterator[None]:
        """While the block lasts, the model's blocks take the tokens of `packed`."""
        with self._taken_over(self._ragged):
            yield

    @contextmanager
    def until_keys(self) -> Iterator[None]:
        """Within `packing`, while the block lasts: keys and values of `packed` are kept, and the model stops there."""
        self._attend = self._only_keys
        try:
            yield
        finally:
            self._attend = self._ragged

    @staticmethod
    def stopped(run: Callable[[], Any]) -> Any:
        """What a function gives, None where it was stopped."""
        try:
            return run()
        except _KeysKnownError:
            return None

    @contextmanager
    def _taken_over(self, attend: Callable[..., Tensor]) -> Iterator[None]:
        from transformers import AttentionInterface

        AttentionInterface.register(_NAME, _attention)
        names = [config._attn_implementation for config in self._configs]
        _under_way.append(self)
        self._attend = attend
        try:
            for config in self._configs:
                config._attn_implementation = _NAME
            yield
        finally:
            for config, name in zip(self._configs, names, strict=True):
                config._attn_implementation = name
            _under_way.pop()

    def __call__(self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, scale: float | None) -> Tensor:
        """(texts, tokens, heads, width) of queries, keys and values (texts, heads, tokens, width)."""
        return self._attend(module, query, key, value, scale).transpose(1, 2).contiguous()

    def _keep(self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, scale: float | None) -> Tensor:
        self._asked += 1
        self._kept[module] = key, value
        return _attended(query, key, value, scale, 0)

    def _only_keys(self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, scale: float | None) -> Tensor:
        cut = zip(self.packed.groups, *(self.packed.split(x[0].transpose(0, 1)) for x in (key, value)), strict=True)
        self._earlier = {start: (k.transpose(1, 2), v.transpose(1, 2)) for (start, _, _), k, v in cut}
        raise _KeysKnownError

    def _ragged(self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, scale: float | None) -> Tensor:
        found = []
        own = [self.packed.split(x[0].transpose(0, 1)) for x in (query, key, value)]
        for (start, texts, _), q, *both in zip(self.packed.groups, *own, strict=True):
            whole: list[Tensor] = []
            for n, (plain, x) in enumerate(zip(self._kept[module], both, strict=True)):
                before = plain[:, :, :start].repeat(texts // len(plain), 1, 1, 1)
                between = [self._earlier[start][n]] if self.packed.at_end is not None and start in self._earlier else []
                whole.append(torch.cat([before, *between, x.transpose(1, 2)], dim=2))
            keys, values = whole
            attended = _attended(q.transpose(1, 2), keys, values, scale, keys.shape[2] - q.shape[1])
            found.append(attended.transpose(1, 2).flatten(0, 1))
        if self.packed.at_end is not None:
            self._earlier = {}
        return torch.cat(found).transpose(0, 1)[None]


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Any = None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """What the models call.

    Raises:
        TypeError: If it is to do more than attend to all earlier tokens.
    """
    asked = _under_way[-1]
    narrow = kwargs.get("sliding_window") is not None and kwargs["sliding_window"] < key.shape[2]
    if asked.keeps and (narrow or any(kwargs.get(name) is not None for name in _MORE)):
        raise TypeError("this attention does more than to attend to all earlier tokens")
    return asked(module, query, key, value, scaling), None


def _attended(query: Tensor, key: Tensor, value: Tensor, scale: float | None, before: int) -> Tensor:
    """Causal attention of queries (texts, heads, tokens, width) before which there are so many keys."""
    groups = query.shape[1] // key.shape[1]
    if groups > 1:  # several heads share keys and values
        key, value = (x.repeat_interleave(groups, dim=1) for x in (key, value))
    length = query.shape[2]
    mask = None
    if length > 1 and before:
        mask = torch.ones(length, before + length, dtype=torch.bool, device=query.device).tril(before)
    return scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=length > 1 and not before, scale=scale
    )
