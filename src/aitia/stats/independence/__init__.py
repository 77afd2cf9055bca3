"""Tests of conditional independence: one interface, batched, the same answer whatever the order or number of jobs.

fisher-z   partial correlation: continuous variables, linear dependence
ranks      partial correlation of normal scores: numbers and ordered labels, monotone dependence, heavy tails
degenerate-gaussian   canonical correlation of indicators and normal scores: labels and numbers together, lines
chi2, g2   contingency tables: discrete variables
kci        kernels: any kinds and any dependence; O(n r^2) for the rank r of the kernels
rcit       kernels by random features: the same question for many rows, approximately
"""

from aitia.stats.independence.base import Gaps, IndependenceTest, Missing, Tested, Triple
from aitia.stats.independence.choose import TESTS, ContextKind, independence_test
from aitia.stats.independence.contingency import ChiSquare, GSquare
from aitia.stats.independence.degenerate_gaussian import DegenerateGaussian
from aitia.stats.independence.filled import FilledTest
from aitia.stats.independence.fisher_z import FisherZ
from aitia.stats.independence.kci import KCI
from aitia.stats.independence.ranks import RankCorrelation, normal_scores, table_scores
from aitia.stats.independence.rcit import RCIT

__all__ = [
    "KCI",
    "RCIT",
    "TESTS",
    "ChiSquare",
    "ContextKind",
    "DegenerateGaussian",
    "FilledTest",
    "FisherZ",
    "GSquare",
    "Gaps",
    "IndependenceTest",
    "Missing",
    "RankCorrelation",
    "Tested",
    "Triple",
    "independence_test",
    "normal_scores",
    "table_scores",
]
