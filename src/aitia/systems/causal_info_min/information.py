"""How much a representation holds: the coding rate of a set of codes, and a bottleneck whose noise limits information.

    R(Z) = 1/2 log det(I + p / (m eps) Z' Z),    Z of m rows and p columns                                         (1)

in nats a row: what it takes to code the rows up to a mean squared error of eps. By Sylvester's identity the determinant
is that of I + p / (m eps) Z Z', so the smaller side is taken. (1) falls when Z is only scaled down, with no information
lost; rows of unit length, `normalise`, take that way out.

    z = mean(x) + sd(x) e,    I(z; x) <= E KL(N(mean(x), sd(x)^2) | N(0, 1))                                       (2)

The noise e limits what can be read from z, whatever is done to it later, in nats that the divergence counts.

Sources:
    Yu, Chan, You, Song and Ma, Learning diverse and discriminative representations via the principle of maximal coding
    rate reduction, NeurIPS 2020, equation 1 (with eps for its squared precision).
    Alemi, Fischer, Dillon and Murphy, Deep variational information bottleneck, ICLR 2017, equation 14.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from aitia.errors import OptionError
from aitia.nn.gaussian import draw, gaussian_kl

__all__ = ["InformationBottleneck", "coding_rate"]


def coding_rate(z: Tensor, eps: float = 0.01, *, normalise: bool = False) -> Tensor:
    """(1) in nats, of codes (m, p).

    Args:
        z: Codes; half precision is computed in single.
        eps: Mean squared error, positive.
        normalise: Whether rows are scaled to unit length first.

    Raises:
        OptionError: If z is no matrix with rows and columns, or eps is not positive.

    Example:
        >>> round(coding_rate(torch.eye(2), eps=1.0).item(), 4)  # I + (2 / 2) I = 2 I
        0.6931
    """
    if z.ndim != 2 or not z.numel():
        raise OptionError(f"a coding rate is of codes (rows, columns), got shape {tuple(z.shape)}")
    if not eps > 0:
        raise OptionError(f"eps of a coding rate is positive, got {eps}")
    z = z.to(torch.promote_types(z.dtype, torch.float32))
    z = normalize(z, dim=1) if normalise else z
    rows, columns = z.shape
    gram = z @ z.T if rows < columns else z.T @ z
    inside = torch.eye(len(gram), dtype=z.dtype, device=z.device) + columns / (rows * eps) * gram
    rate: Tensor = 0.5 * torch.linalg.slogdet(inside).logabsdet
    return rate


class InformationBottleneck(nn.Module):
    """(2): a code of a few noisy numbers, and the nats that it may hold.

    Args:
        features: Columns of what comes in.
        size: Columns of the code.
        hidden: Width of the layer before; None takes none.

    Raises:
        OptionError: If the code is wider than what comes in.
    """

    def __init__(self, features: int, size: int, hidden: int | None = None) -> None:
        super().__init__()
        if not 1 <= size <= features:
            raise OptionError(f"a bottleneck is from 1 to {features} wide, the width of the feature, got {size}")
        before = [] if hidden is None else [nn.Linear(features, hidden), nn.GELU()]
        self.net = nn.Sequential(*before, nn.Linear(hidden or features, 2 * size))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The code (..., size), drawn in training and the mean otherwise, and the divergence of (2), (...,)."""
        mean, log_variance = self.net(x).chunk(2, dim=-1)
        log_variance = log_variance.clamp(-12, 4)
        return draw(mean, log_variance) if self.training else mean, gaussian_kl(mean, log_variance)
