"""A generator whose units are known: unit k of its only layer draws thing k, where z says; and its exact segmenter."""

import torch
from torch import nn

THINGS = ("nothing", "red", "green", "blue")


class Painter(nn.Module):
    """z (n, 3) says whether red, green and blue are there: a square of 2 by 2 cells of 4 by 4, each at its own place.

    Units 0, 1, 2 draw one colour each; 3 to 11 carry numbers that nothing reads.
    """

    def __init__(self):
        super().__init__()
        self.z_dim = 3
        self.maps = Maps()
        self.grow = nn.Upsample(scale_factor=2)
        self.mix = nn.Conv2d(12, 3, 1, bias=False)
        self.mix.weight.data.zero_()
        for k in range(3):
            self.mix.weight.data[k, k] = 2.0

    def forward(self, z):
        return self.mix(self.grow(self.maps(z))) - 1


class Maps(nn.Module):
    """The layer of units."""

    def forward(self, z):
        z = z.flatten(1)  # (n, 3, 1, 1), as a generator that begins with a convolution is called
        maps = torch.zeros(len(z), 12, 4, 4)
        there = (z > 0).float()
        for k, (row, column) in enumerate(((0, 0), (0, 2), (2, 0))):
            maps[:, k, row : row + 2, column : column + 2] = there[:, k, None, None]
        maps[:, 3:] = z.abs().sum(1)[:, None, None, None] * torch.arange(9)[None, :, None, None] / 9
        return maps


class Exact(nn.Module):
    """Says what the colour of each pixel is; black is nothing."""

    def __init__(self):
        super().__init__()
        self.names = list(THINGS)
        self.sharp = nn.Parameter(torch.tensor(20.0))

    def forward(self, x):
        return self.sharp * torch.cat([torch.zeros(len(x), 1, *x.shape[2:]), x], dim=1)


class Conditional(Painter):
    """The same, of two classes."""

    def __init__(self):
        super().__init__()
        self.c_dim = 2

    def forward(self, z, labels):
        return (super().forward(z) + 1) * labels[:, None, None, None] - 1


def painter():
    return Painter().eval()


def exact():
    return Exact().eval()
