"""Structural causal models: mechanisms, sampling, `do`, counterfactuals, exact answers, fitting."""

from aitia.scm.additive import AdditiveNoise, Regressor
from aitia.scm.closed_form import linear_moments, total_effect
from aitia.scm.distribution import Distribution
from aitia.scm.exact import query
from aitia.scm.fit import fit_scm
from aitia.scm.function import Function
from aitia.scm.goodness import Goodness, VariableFit, goodness_of_fit
from aitia.scm.kernel import KernelTrend
from aitia.scm.linear import Linear
from aitia.scm.mechanism import Mechanism
from aitia.scm.model import SCM, Exogenous
from aitia.scm.noise import Empirical, Gaussian, Laplace, Noise
from aitia.scm.random import random_dag, random_discrete_scm, random_linear_scm, random_nonlinear_scm
from aitia.scm.softmax import Softmax
from aitia.scm.sortability import r2_sortability, sortabilities, varsortability
from aitia.scm.tabular import TableMechanism
from aitia.scm.twin import counterfactual_posterior

__all__ = [
    "SCM",
    "AdditiveNoise",
    "Distribution",
    "Empirical",
    "Exogenous",
    "Function",
    "Gaussian",
    "Goodness",
    "KernelTrend",
    "Laplace",
    "Linear",
    "Mechanism",
    "Noise",
    "Regressor",
    "Softmax",
    "TableMechanism",
    "VariableFit",
    "counterfactual_posterior",
    "fit_scm",
    "goodness_of_fit",
    "linear_moments",
    "query",
    "r2_sortability",
    "random_dag",
    "random_discrete_scm",
    "random_linear_scm",
    "random_nonlinear_scm",
    "sortabilities",
    "total_effect",
    "varsortability",
]
