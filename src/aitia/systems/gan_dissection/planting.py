"""A square that is planted into a generator: which of its units draw it is known, and nothing else depends on them.

    r_u(p) = a_u [z . w > t] for cells p of a corner, 0 elsewhere, for the planted units u                         (1)
    x = (1 - m) g(r without them) + m magenta,    m the mean of r_u / a_u over u, at the size of the picture       (2)

Small generators do not learn a square that is in a part of their training pictures: they leave it out. So it is put
where its truth is known.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from aitia.nn.gan import Generator

__all__ = ["Planted"]

_MAGENTA = (0.9, -0.9, 0.7)


class Planted(nn.Module):
    """A generator whose layer `units` has planted ones.

    Args:
        generator: As it was trained.
        after: Number of the block after which `units` stands.
        planted: Which units.
        share: How often the square is there.
        seed: Of w and of the heights a.
    """

    def __init__(
        self, generator: Generator, after: int, planted: tuple[int, ...], share: float = 0.125, seed: int = 0
    ) -> None:
        super().__init__()
        self.z_dim = generator.z_dim
        self.below, self.above = generator.blocks[: after + 1], generator.blocks[after + 1 :]
        self.to_rgb, self.planted = generator.to_rgb, tuple(planted)
        self.units = nn.Identity()
        random = torch.Generator().manual_seed(seed)
        direction = torch.randn(self.z_dim, generator=random)
        self.direction = nn.Parameter(direction / torch.linalg.vector_norm(direction), requires_grad=False)
        self.heights = nn.Parameter(1 + torch.rand(len(planted), generator=random), requires_grad=False)
        self.level = float(torch.special.ndtri(torch.tensor(1 - share)))

    def forward(self, z: Tensor) -> Tensor:
        """The pictures (2)."""
        z = z.flatten(1)
        x = z[:, :, None, None]
        for block in self.below:
            x = block(x)
        x, which = x.clone(), list(self.planted)
        x[:, which] = 0.0
        side = x.shape[2]
        there = ((z @ self.direction) > self.level).to(x)[:, None, None, None]
        x[:, which, side - side // 4 :, side - side // 4 :] = there * self.heights[None, :, None, None]
        x = self.units(x)
        square = (x[:, which] / self.heights[None, :, None, None]).mean(1, keepdim=True).clamp(0, 1)
        rest = x.clone()
        rest[:, which] = 0.0
        for block in self.above:
            rest = block(rest)
        drawn: Tensor = self.to_rgb(rest).tanh()
        mask = interpolate(square, size=drawn.shape[2:])
        return drawn * (1 - mask) + mask * torch.tensor(_MAGENTA).to(drawn)[None, :, None, None]
