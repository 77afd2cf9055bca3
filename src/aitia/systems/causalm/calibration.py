"""From removing a concept to changing it: what unlearning takes from the texts of each value.

    D_v = E_w[ log f_CF(phi_CF(x)) - log f_O(phi_O(x)) | C = v ]                                                     (1)
    log f'(x) = log f_O(phi_O(x)) + D_c - D_v + const,   c the value of x                                            (2)

f_CF does not know the concept, so D_c - D_v is what knowing v instead of c is worth to f_O, in log odds, and f' is what
f_O would say of x with the concept set to v. What a second training moves without regard to the concept is in both D
and falls out; in the TReATE, a mean of absolute changes, it adds up. w weighs the texts of the fit so that the concept
is independent of label and controls. (2) takes the change of the log odds to be the same for every text of a value.

Ours, not in the source.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.errors import DataError
from aitia.systems.causalm.pretraining import balancing_weights

__all__ = ["set_anew", "taken_from"]

Values = NDArray[np.float64]


def taken_from(before: Tensor, after: Tensor, codes: Tensor, strata: Tensor) -> Tensor:
    """(1): (values, classes), not a number where the concept cannot be told apart from label and controls.

    Args:
        before: Scores of the classifier that knows the concept, (n, classes).
        after: Of the one that does not.
        codes: Of the concept in each text, (n,).
        strata: Which texts have the same label and controls, (n,).

    Example:
        >>> before = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
        >>> taken = taken_from(before, torch.zeros(4, 2), torch.tensor([0, 1, 0, 1]), torch.tensor([0, 0, 1, 1]))
        >>> (taken[0] - taken[1]).tolist()
        [-1.0, 1.0]
    """
    values = int(codes.max()) + 1
    try:
        weight = balancing_weights(codes, strata).double()
    except DataError:
        return torch.full((values, before.shape[1]), torch.nan)
    moved = (after.log_softmax(dim=-1) - before.log_softmax(dim=-1)).double()
    share = torch.nn.functional.one_hot(codes, values).double() * weight.unsqueeze(1)
    return (share.T @ moved / share.sum(dim=0).unsqueeze(1)).float()


def set_anew(said: Values, taken: Values, codes: NDArray[np.int64], value: int) -> Values:
    """(2): class probabilities (n, classes) with the concept set to a value; texts that have it already stay.

    Args:
        said: By the classifier that knows the concept, (n, classes).
        taken: (1).
        codes: Of the concept in each text, (n,).
        value: The new one.

    Example:
        >>> np.set_printoptions(precision=2)
        >>> set_anew(np.array([[0.5, 0.5]]), np.array([[-1.0, 0.0], [0.0, -1.0]]), np.array([0]), 1)
        array([[0.12, 0.88]])
    """
    shift = taken[codes] - taken[value]
    scaled = said * np.exp(shift - shift.max(axis=1, keepdims=True))
    answer: Values = scaled / scaled.sum(axis=1, keepdims=True)
    return answer
