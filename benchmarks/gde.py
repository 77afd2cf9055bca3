"""Sets encoded together against one after another, and sliced Wasserstein distances against POT, on the same sets.

python benchmarks/gde.py [--json FILE]
"""

import numpy as np
import ot
import torch
from torch import nn

from _measure import arguments, best, write
from aitia.systems.gde.set_encoders import SetEncoder
from aitia.systems.gde.transport import directions, sliced_w2


class Reference(nn.Module):
    """The same network as it is usually written: the mean is copied to every point and passes the layer with it."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, points):
        """z of sets (sets, points, size)."""
        net = self.encoder
        h = net.read(points)
        for block in net.blocks:
            mean = h.mean(1, keepdim=True).expand_as(h)
            weights = torch.cat([block.own.weight, block.context.weight], 1)
            inner = nn.functional.linear(torch.cat([h, mean], -1), weights, block.own.bias)
            h = nn.functional.selu(block.out(nn.functional.selu(inner)))
        return net.head(h.mean(1))


def encoding(sets=256, points=100, size=8):
    """CPU seconds to encode all sets."""
    torch.manual_seed(0)
    encoder = SetEncoder(size, 16).eval()
    x = torch.randn(sets, points, size)
    usual = Reference(encoder)
    with torch.no_grad():
        assert torch.allclose(encoder(x), usual(x), atol=1e-5)
        seconds = {
            "together": best(lambda: encoder(x), 7)[0],
            "one after another": best(lambda: [encoder(rows[None]) for rows in x], 3)[0],
            "as usually written": best(lambda: usual(x), 7)[0],
            "one set of all, in pieces": best(lambda: encoder.stream(lambda: x.flatten(0, 1).split(4096)), 5)[0],
        }
    return [
        {"what": f"encoder, {sets} sets of {points} points", "how": how, "points_a_second": round(sets * points / s)}
        for how, s in seconds.items()
    ]


def distances(pairs=32, points=256, count=64):
    """CPU seconds for the distances of all pairs, the same directions in both."""
    rng = torch.Generator().manual_seed(0)
    x, y = (torch.randn(pairs, points, 3, generator=rng).double() for _ in range(2))
    along = directions(count, 3, rng).double()
    projections = along.numpy().T

    def theirs():
        return [
            ot.sliced_wasserstein_distance(a.numpy(), b.numpy(), projections=projections)
            for a, b in zip(x, y, strict=True)
        ]

    assert np.allclose(sliced_w2(x, y, along).numpy(), np.square(theirs()))
    seconds = {"aitia": best(lambda: sliced_w2(x, y, along), 7)[0], f"POT {ot.__version__}": best(theirs, 5)[0]}
    return [
        {"what": f"sliced distance, {pairs} pairs of {points} points", "how": how, "seconds": s}
        for how, s in seconds.items()
    ]


def main():
    given = arguments(__doc__)
    torch.set_num_threads(1)
    rows = [*encoding(), *distances()]
    for row in rows:
        told = f"{1e3 * row['seconds']:.1f} ms" if "seconds" in row else f"{row['points_a_second']:,} points a second"
        print(f"{row['what']}, {row['how']}: {told}")
    write(given.json, rows)


if __name__ == "__main__":
    main()
