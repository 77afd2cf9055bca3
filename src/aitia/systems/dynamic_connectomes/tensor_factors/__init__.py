"""Non-negative factors of a three-way tensor with entries that nobody saw, and how many of them are there.

hals        factorize: many starts at once; rows of one mode with the others held
stability   congruence of two sets of factors, the sweep over ranks, the rank that is stable
"""

from aitia.systems.dynamic_connectomes.tensor_factors.hals import Factors, factorize, nonnegative_rows
from aitia.systems.dynamic_connectomes.tensor_factors.stability import RankFit, choose_rank, congruence, sweep_ranks

__all__ = [
    "Factors",
    "RankFit",
    "choose_rank",
    "congruence",
    "factorize",
    "nonnegative_rows",
    "sweep_ranks",
]
