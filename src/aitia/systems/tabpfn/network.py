"""The network: a transformer without positions that reads a table and answers for its queries.

    training row i:   t_i = A x_i + E[y_i],     attends to all training rows
    query j:          t_j = A x_j,              attends to all training rows and to itself

so no query sees another, and no training row a query. Keys and values of the training rows are therefore the same
whatever is asked: `context` computes them once and `answer` takes them. Blocks normalise first; the last maps of
attention and perceptron are zero at the start, so that the untrained network is the identity on tokens. Classes have an
embedding each, since a linear map of their number would put them in an order. Classes that no training row has get
no probability.

Letters: b tables, t training rows, q queries, f features, w width, h heads, d width of a head.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from aitia.errors import OptionError
from aitia.nn.options import need_at_least

__all__ = ["Context", "NetworkConfig", "TableTransformer"]


@dataclass(frozen=True)
class NetworkConfig:
    """Size of the network.

    Args:
        features: Most columns.
        classes: Most classes.
        width: Numbers a token; a multiple of `heads`.
        layers: Blocks.
        heads: Of each attention.
        hidden: Of the perceptrons, in multiples of the width.

    Raises:
        OptionError: If a number is out of range.
    """

    features: int = 20
    classes: int = 5
    width: int = 96
    layers: int = 4
    heads: int = 4
    hidden: int = 2

    def __post_init__(self) -> None:
        need_at_least(self, features=1, classes=2, width=1, layers=1, heads=1, hidden=1)
        if self.width % self.heads:
            raise OptionError(f"width is a multiple of heads, got {self.width} and {self.heads}")


@dataclass(frozen=True)
class Context:
    """What the training rows leave for the queries.

    Args:
        keys: Of each block, (b, h, t, d).
        values: Of each block, (b, h, t, d).
        present: Which classes some training row has, (b, classes).
    """

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    present: Tensor


class Block(nn.Module):
    """Attention and perceptron, each added to its input."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden * width), nn.Linear(hidden * width, width)
        for last in (self.attention_out, self.down):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def rows(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Training rows (b, t, w): what they become, and their keys and values (b, h, t, d)."""
        query, key, value = self._split(tokens)
        seen = functional.scaled_dot_product_attention(query, key, value)
        return self._finish(tokens, seen), key, value

    def queries(self, tokens: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Queries (b, q, w): each sees the training rows and itself."""
        query, own_key, own_value = self._split(tokens)
        scale = query.shape[-1] ** -0.5
        others = query @ key.transpose(-1, -2) * scale
        own = (query * own_key).sum(-1, keepdim=True) * scale
        share = torch.cat([others, own], dim=-1).softmax(-1)
        return self._finish(tokens, share[..., :-1] @ value + share[..., -1:] * own_value)

    def _split(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        b, n, w = tokens.shape
        parts = self.query_key_value(self.before_attention(tokens)).reshape(b, n, 3, self.heads, w // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return query, key, value

    def _finish(self, tokens: Tensor, seen: Tensor) -> Tensor:
        tokens = tokens + self.attention_out(seen.transpose(1, 2).flatten(2))
        moved: Tensor = tokens + self.down(functional.gelu(self.up(self.before_mlp(tokens))))
        return moved


class TableTransformer(nn.Module):
    """Tables to logits.

    Args:
        config: Its size.

    Example:
        >>> network = TableTransformer(NetworkConfig(features=3, classes=2, width=8, layers=1, heads=2))
        >>> network(torch.randn(5, 10, 3), torch.randint(2, (5, 7))).shape
        torch.Size([5, 3, 2])
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.columns = nn.Linear(config.features, config.width)
        self.classes = nn.Embedding(config.classes, config.width)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.hidden) for _ in range(config.layers))
        self.head = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, config.hidden * config.width),
            nn.GELU(),
            nn.Linear(config.hidden * config.width, config.classes),
        )

    def forward(self, rows: Tensor, labels: Tensor) -> Tensor:
        """Logits of the rows without label.

        Args:
            rows: Scaled rows, (b, t + q, f), those with a label first.
            labels: Classes of the first t, (b, t).

        Returns:
            (b, q, classes), minus infinity for classes that no label names.
        """
        t = labels.shape[1]
        return self.answer(rows[:, t:], self.context(rows[:, :t], labels))

    def context(self, rows: Tensor, labels: Tensor) -> Context:
        """What is kept of training rows (b, t, f) with labels (b, t)."""
        tokens = self.columns(rows) + self.classes(labels)
        keys, values = [], []
        for block in self.blocks:
            tokens, key, value = cast(Block, block).rows(tokens)
            keys.append(key)
            values.append(value)
        present = functional.one_hot(labels, self.config.classes).any(1)
        return Context(tuple(keys), tuple(values), present)

    def answer(self, rows: Tensor, context: Context) -> Tensor:
        """Logits (b, q, classes) of queries (b, q, f)."""
        tokens = self.columns(rows)
        for block, key, value in zip(self.blocks, context.keys, context.values, strict=True):
            tokens = cast(Block, block).queries(tokens, key, value)
        logits: Tensor = self.head(tokens)
        return logits.masked_fill(~context.present[:, None, :], float("-inf"))
