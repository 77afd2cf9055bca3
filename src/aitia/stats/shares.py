"""The interval of 95 % of a share.

Source:
    Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
"""

import math
from statistics import NormalDist

__all__ = ["wilson_interval"]

_NORMAL = NormalDist()


def wilson_interval(hits: float, n: int) -> tuple[float, float]:
    """Wilson's score interval of 95 % of hits in n; (0, 1) where n is 0.

    Args:
        hits: 0 to n; what was right in half of its tries counts half.
        n: Tries.

    Example:
        >>> [round(end, 3) for end in wilson_interval(5, 5)]
        [0.566, 1.0]
    """
    if n < 1:
        return 0.0, 1.0
    z, share = _NORMAL.inv_cdf(0.975), hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)
