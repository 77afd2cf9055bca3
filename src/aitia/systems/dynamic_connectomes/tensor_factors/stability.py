r"""How alike two sets of factors are, and the rank up to which restarts agree.

The congruence of two components is the product of the cosines of their three columns; that of two sets is the mean over
the matching of components of largest sum. A rank is stable where restarts find the same factors as the best of them.
Among the ranks swept, the largest stable one is taken. The error falls with every rank, so it does not choose; it is
reported beside.

Two readings of stable: that the congruence is large on average over the components, which is what is published, or that
it is for every component. The average thins out what it looks for: three components found every time and a fourth one
never still make 0.75, and with tensors of exactly three components it takes four or five. By default every component
has to be found again.

Source:
    Tucker's congruence coefficient, as Lorenzo-Seva and ten Berge, Methodology 2006, read it: above 0.85 fair.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aitia.errors import DataError, OptionError
from aitia.systems.dynamic_connectomes.tensor_factors.hals import Factors, factorize

__all__ = ["RankFit", "choose_rank", "congruence", "match", "sweep_ranks"]


@dataclass(frozen=True, eq=False)
class RankFit:
    """What was found with one rank.

    Args:
        rank: R.
        best: The factors of least error.
        agreement: Congruence of each component of the best in each other start, (starts - 1, R).
    """

    rank: int
    best: Factors
    agreement: NDArray[np.float64]

    @property
    def stability(self) -> float:
        """Mean congruence of the other starts with the best; 1 where there was one start."""
        return float(self.agreement.mean()) if self.agreement.size else 1.0

    @property
    def weakest(self) -> float:
        """The same of the component that is found again least."""
        return float(self.agreement.mean(axis=0).min()) if self.agreement.size else 1.0

    @property
    def error(self) -> float:
        """Of the best."""
        return self.best.error


def match(a: Factors, b: Factors) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each component of a, the component of b that it is matched with and their congruence.

    Raises:
        DataError: If a has more components than b, or the modes have other lengths.
    """
    from scipy.optimize import linear_sum_assignment

    if a.rank > b.rank:
        raise DataError(f"{a.rank} components cannot each be matched with one of {b.rank}")
    likeness = np.ones((a.rank, b.rank))
    for one, two in ((a.first, b.first), (a.second, b.second), (a.third, b.third)):
        if len(one) != len(two):
            raise DataError(f"the factors have modes of {len(one)} and {len(two)} entries")
        likeness *= _unit(one).T @ _unit(two)
    rows, columns = linear_sum_assignment(-likeness)
    return columns.astype(np.int64), likeness[rows, columns]


def congruence(a: Factors, b: Factors) -> float:
    """Mean congruence of the matched components: 1 for the same factors in any order and size.

    Raises:
        DataError: If a has more components than b, or the modes have other lengths.
    """
    return float(match(a, b)[1].mean())


def sweep_ranks(
    tensor: ArrayLike,
    mask: ArrayLike | None,
    ranks: Sequence[int],
    *,
    starts: int = 8,
    iterations: int = 300,
    tolerance: float = 1e-5,
    seed: int = 0,
    told: Callable[[int], None] | None = None,
) -> tuple[RankFit, ...]:
    """A fit for each rank; arguments as in `factorize`.

    Args:
        tensor: A.
        mask: True where a fibre was seen.
        ranks: To try.
        starts: For each rank.
        iterations: Most rounds.
        tolerance: At which a start rests.
        seed: Of the starts.
        told: Called with how many ranks are done.
    """
    found = []
    for done, rank in enumerate(ranks):
        answers = factorize(
            tensor, mask, rank=rank, starts=starts, iterations=iterations, tolerance=tolerance, seed=seed
        )
        agreement = np.array([match(answers[0], other)[1] for other in answers[1:]])
        found.append(RankFit(rank, answers[0], agreement))
        if told is not None:
            told(done + 1)
    return tuple(found)


def choose_rank(sweep: Sequence[RankFit], least: float = 0.8, *, every: bool = True) -> RankFit:
    """The largest rank whose components are found again; the smallest rank of all where none is.

    Args:
        sweep: The ranks.
        least: Congruence above which a component is found again.
        every: Whether every component has to be, or their mean.

    Raises:
        OptionError: If nothing was swept.
    """
    if not sweep:
        raise OptionError("there is no rank to choose from")
    stable = [fit for fit in sweep if (fit.weakest if every else fit.stability) > least]
    return max(stable, key=lambda fit: fit.rank) if stable else min(sweep, key=lambda fit: fit.rank)


def _unit(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    long = np.linalg.norm(columns, axis=0)
    return np.asarray(columns / np.where(long > 0, long, 1), dtype=np.float64)
