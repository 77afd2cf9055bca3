"""Metrics of causal representation learning: what was recovered, how separately, and how good its predictions are.

identifiability   mcc, r2 and their relatives: are the true variables in the latents, up to what theory leaves open
disentanglement   dci, mig, sap, irs: does each latent stand for one true variable
motion            ade, fde and their best of k, misses and collisions of predicted tracks
counterfactual    error against known counterfactuals, and the axioms that need none
attribution       local Lipschitz estimate and IROF of maps over images, auroc
classification    AUC, accuracy, log loss and calibration of probabilities of classes
distribution      mmd, kid, Fréchet distance between two samples
transport         W2 of samples by assignment and of Gaussians in closed form
text_effects      error and order of effects that an explainer of a text model tells
"""

from aitia.stats.metrics.attribution import auroc, irof, local_lipschitz, square_segments
from aitia.stats.metrics.block_accuracy import Accuracy, as_sin_cos, block_accuracy
from aitia.stats.metrics.classification import Reliability, class_scores, expected_calibration_error, reliability
from aitia.stats.metrics.counterfactual import (
    CounterfactualError,
    composition_error,
    counterfactual_mse,
    effectiveness,
    reversibility_error,
)
from aitia.stats.metrics.disentanglement import DCI, IRS, dci, irs, mig, sap
from aitia.stats.metrics.distribution import KID, frechet_distance, kid, mmd2_unbiased
from aitia.stats.metrics.identifiability import MCC, best_correlation_mean, block_identifiability, mcc, r2, weak_mcc
from aitia.stats.metrics.motion import ade, best_of_k_ade, best_of_k_fde, collision_rate, fde, miss_rate
from aitia.stats.metrics.score import Score
from aitia.stats.metrics.text_effects import effect_errors, order_agreement, treatment_error
from aitia.stats.metrics.transport import EXACT_AT_MOST, bures_w2, exact_w2, gaussian_w2_map
from aitia.stats.metrics.writing import bleu, chrf, leak_rate, meteor, word_accuracy

__all__ = [
    "DCI",
    "EXACT_AT_MOST",
    "IRS",
    "KID",
    "MCC",
    "Accuracy",
    "CounterfactualError",
    "Reliability",
    "Score",
    "ade",
    "as_sin_cos",
    "auroc",
    "best_correlation_mean",
    "best_of_k_ade",
    "best_of_k_fde",
    "bleu",
    "block_accuracy",
    "block_identifiability",
    "bures_w2",
    "chrf",
    "class_scores",
    "collision_rate",
    "composition_error",
    "counterfactual_mse",
    "dci",
    "effect_errors",
    "effectiveness",
    "exact_w2",
    "expected_calibration_error",
    "fde",
    "frechet_distance",
    "gaussian_w2_map",
    "irof",
    "irs",
    "kid",
    "leak_rate",
    "local_lipschitz",
    "mcc",
    "meteor",
    "mig",
    "miss_rate",
    "mmd2_unbiased",
    "order_agreement",
    "r2",
    "reliability",
    "reversibility_error",
    "sap",
    "square_segments",
    "treatment_error",
    "weak_mcc",
    "word_accuracy",
]
