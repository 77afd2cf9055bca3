"""A patch grid through a model of the size of GPT-2 small, beside the products of matrices that it needs."""

import os
from collections.abc import Iterator

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from _limits.base import Row, in_turn

__all__ = ["rows"]

TOKENS, LAYERS, WIDTH, VOCABULARY = 20, 12, 768, 50257
FEW = 320
"""Rows of the product that the machine's speed is taken from: so many tokens run together."""


def needed() -> int:
    """Floating-point operations of the grid: the blocks behind each site, for the tokens from it on; of the last block
    keys, values and queries, and the rest for the last token alone."""
    own = [TOKENS - p for p in range(TOKENS)]
    whole = sum(own) * sum(LAYERS - 2 - b for b in range(LAYERS - 1)) + TOKENS * (LAYERS - 1)
    return 24 * WIDTH**2 * whole + 6 * WIDTH**2 * (LAYERS - 1) * (sum(own) - TOKENS)


def rows(full: bool) -> Iterator[Row]:
    """The grid of every block's output at every token, all tokens of the two prompts different."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import GPT2Config, GPT2LMHeadModel

    from aitia.nn.sites import LogitDifference, trace

    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config()).eval()
    clean, corrupted = torch.randint(VOCABULARY, (2, 1, TOKENS))
    x, w = torch.randn(FEW, WIDTH), torch.randn(WIDTH, 4 * WIDTH)

    def grid() -> None:
        run, other = {"input_ids": corrupted}, {"input_ids": clean}
        trace(model, run, "transformer.h.*[position=*]", LogitDifference(3, 7), against=other)

    def products() -> None:
        for _ in range(40):
            torch.mm(x, w)

    with FlopCounterMode(display=False) as counted:
        grid()
    speed, ours = in_turn(5 if full else 3, products, grid)
    limit = speed * needed() / (40 * 2 * x.numel() * w.shape[1])
    done = counted.get_total_flops() / 1e9
    yield Row(f"trace, 240 sites ({done:.0f} GFLOP, needed {needed() / 1e9:.0f})", limit, ours, 1.6)
