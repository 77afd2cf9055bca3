"""What lets a latent guide an editor of diffusers: an adapter that learns while the editor stays as it is.

    k_1, .., k_4 = W_2 gelu(W_1 layernorm(h))                                                                      (1)
    q <- q + attend(layernorm(q); k),    q <- q + perceptron(layernorm(q))    four times, from learned q            (2)
    c(h) = b + g W_3 layernorm(q)                                                                                  (3)
    L = E |d([x_t, x], t, c(h)) - e|^2,    x_t = a_t y + s_t e                                                      (4)

h is what the reasoner holds of a row. Its single channels are far larger than others: hence the norm with a learned
scale in (1), and the learned scale g in (3). d is the UNet of the editor, which sees the noisy latent x_t of the
picture after beside the latent x of the picture; e stands for whatever it predicts. In (4) a twentieth of the rows
each loses c, x, and both. What is told then in the place of c is learned too, and not zeros, which no text encoder
says; a lost x is zeros, as the editor has learned it. Both b and what is told of nothing begin as the empty prompt.

Sources:
    Li, Fan, Zhang, Jin, Wang, Guo, Zhao and Li, Image content generation with causal reasoning, AAAI 2024.
    Brooks, Holynski and Efros, InstructPix2Pix, CVPR 2023, section 3.2 (the drops, and both weights of drawing).
    Alayrac and others, Flamingo, NeurIPS 2022, section 3.1.1 (resampling by learned queries).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from aitia.nn.diffusion import Schedule

__all__ = ["DROP", "Adapter", "Denoising", "frozen"]

DROP = 0.05
"""Share of rows that lose what guides, that lose the picture, and that lose both: each."""
_STATES, _INNER, _HEADS, _LAYERS = 4, 128, 4, 4


class _Resample(nn.Module):
    """A layer of (2)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(_INNER), nn.LayerNorm(_INNER)
        self.attend = nn.MultiheadAttention(_INNER, _HEADS, batch_first=True)
        self.perceptron = nn.Sequential(nn.Linear(_INNER, 2 * _INNER), nn.GELU(), nn.Linear(2 * _INNER, _INNER))

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        """(n, queries, inner) of the same, and of states (n, states, inner)."""
        q = q + self.attend(self.first(q), k, k, need_weights=False)[0]
        return cast(Tensor, q + self.perceptron(self.second(q)))


class Adapter(nn.Module):
    """(1) to (3).

    Args:
        told: Numbers of h.
        width: Of what the editor attends to.
        queries: How many tokens it is told.
    """

    def __init__(self, told: int, width: int, queries: int) -> None:
        super().__init__()
        self.settings = {"told": told, "width": width, "queries": queries}
        self.states = nn.Sequential(
            nn.LayerNorm(told), nn.Linear(told, 2 * _INNER), nn.GELU(), nn.Linear(2 * _INNER, _STATES * _INNER)
        )
        self.queries = nn.Parameter(torch.randn(queries, _INNER))
        self.layers = nn.ModuleList(_Resample() for _ in range(_LAYERS))
        self.last = nn.Sequential(nn.LayerNorm(_INNER), nn.Linear(_INNER, width))
        self.scale = nn.Parameter(torch.tensor(0.1))
        self.base = nn.Parameter(torch.zeros(queries, width))
        self.null = nn.Parameter(torch.zeros(queries, width))

    def begin(self, nothing: Tensor) -> None:
        """Starts from what the editor is told by an empty prompt, (queries, width)."""
        with torch.no_grad():
            self.base.copy_(nothing)
            self.null.copy_(nothing)

    def forward(self, h: Tensor, lost: Tensor | None = None) -> Tensor:
        """(n, queries, width) of (n, told); what is told of nothing where (n,) `lost` says so."""
        k = self.states(h).reshape(len(h), _STATES, _INNER)
        q = self.queries.expand(len(h), -1, -1)
        for layer in self.layers:
            q = layer(q, k)
        said: Tensor = self.base + self.scale * self.last(q)
        return said if lost is None else torch.where(lost[:, None, None], self.null, said)


class Denoising(nn.Module):
    """(4).

    Args:
        adapter: What learns.
        unet: The denoiser of the editor. It is no part of this module: nothing of it is trained, and no checkpoint
            holds it.
        schedule: The noise that it was trained on.
    """

    def __init__(self, adapter: Adapter, unet: Any, schedule: Schedule) -> None:
        super().__init__()
        self.adapter, self.schedule = adapter, schedule
        self._unet = (unet,)

    def forward(self, h: Tensor, before: Tensor, after: Tensor) -> Tensor:
        """The loss; h is (n, told), the latents of both pictures are (n, channels, height, width)."""
        n, device = len(after), after.device
        time = torch.randint(len(self.schedule), (n,), device=device)
        noise, lot = torch.randn_like(after), torch.rand(n, device=device)
        blind = (lot >= DROP) & (lot < 3 * DROP)
        said = self.adapter(h, lot < 2 * DROP)
        seen = torch.where(blind[:, None, None, None], torch.zeros_like(before), before)
        unet = self._unet[0].to(device)
        both = torch.cat([self.schedule.noised(after, noise, time), seen], dim=1).to(unet.dtype)
        told = unet(both, time, encoder_hidden_states=said.to(unet.dtype), return_dict=False)[0]
        return cast(Tensor, (told.float() - self.schedule.target(after, noise, time)).square().mean())


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Nothing of the module learns or is dropped at random inside; its switches and its device return afterwards."""
    leaves, modes = [(p, p.requires_grad) for p in module.parameters()], [(m, m.training) for m in module.modules()]
    device = leaves[0][0].device
    module.eval().requires_grad_(False)
    try:
        yield
    finally:
        module.to(device)
        for leaf, wants in leaves:
            leaf.requires_grad_(wants)
        for part, training in modes:
            part.training = training
