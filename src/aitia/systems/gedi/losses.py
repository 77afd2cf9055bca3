"""The parts of the loss that make clusters, each with the least that it can be.

With p and q what the network says of two views of a row, m the mean of all p and q, and pi the prior:

    L_INV = E[ CE(p, q) + CE(q, p) ] / 2 >= 0          only if p = q has one cluster with certainty              (4)
    L_PRI = CE(pi, m) >= H(pi)                           only if m = pi                                            (5)
    L_SUM = -log sum_{i + j = s} p_i p'_j >= 0           of two pictures whose clusters add up to s                (6)

So L_INV + L_PRI >= H(pi), and what reaches it has none of three failures: one answer for all rows (L_INV = H(p)), all
rows in one cluster (L_PRI is infinite), clusters that views do not share (L_INV is infinite).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

__all__ = ["Bound", "bound", "invariance", "sums", "usage"]


def invariance(a: Tensor, b: Tensor) -> Tensor:
    """(4) of the logits (n, K) of two views."""
    p, q = log_softmax(a, dim=1), log_softmax(b, dim=1)
    return -((p.exp() * q).sum(1) + (q.exp() * p).sum(1)).mean() / 2


def usage(logits: Tensor, prior: Tensor) -> Tensor:
    """(5) of logits (n, K); under several processes m is the mean of all of them, as a mean of logarithms is not."""
    mean = torch.logsumexp(log_softmax(logits, dim=1), dim=0) - math.log(len(logits))
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        from torch.distributed.nn.functional import all_reduce

        shared: Tensor = all_reduce(mean.exp())  # type: ignore[no-untyped-call]
        mean = torch.log(shared / torch.distributed.get_world_size())
    return -(prior * mean).sum()


def sums(a: Tensor, b: Tensor, total: Tensor) -> Tensor:
    """(6) of each row, (n,), of logits (n, K) of two pictures and the sums (n,) of their clusters' numbers."""
    k = a.shape[1]
    joint = log_softmax(a, dim=1)[:, :, None] + log_softmax(b, dim=1)[:, None, :]
    number = torch.arange(k, device=a.device)
    fits = (number[:, None] + number[None, :])[None] == total.to(a.device).long()[:, None, None]
    return -joint.masked_fill(~fits, -torch.inf).flatten(1).logsumexp(1)


@dataclass(frozen=True)
class Bound:
    """How far the two parts are from the least that they can be, in nats.

    Args:
        invariance: (4), whose least is 0.
        usage: (5) less H(pi), whose least is 0.
    """

    invariance: float
    usage: float

    @property
    def gap(self) -> float:
        """Both."""
        return self.invariance + self.usage


@torch.no_grad()
def bound(a: Tensor, b: Tensor, prior: Tensor) -> Bound:
    """Of the logits (n, K) of two views."""
    entropy = -(prior * prior.log()).sum()
    return Bound(float(invariance(a, b)), float(usage(torch.cat([a, b]), prior) - entropy))
