"""Debiasing by information minimisation: the simplest features that still predict are the bias, and are taken out.

    C -> X,  C -> Y,  X -> Y,    P(y | do(x)) = sum_c P(c) P(y | x, c)                                              (1)

C is the bias of the data, learned as a representation x_c of the feature x that holds little and still predicts.

TE-D, a branch for the bias. As published, with z = narrow(x, gradient stopped), x_c = W z, d = ReLU(W' (x - x_c)),

    L = BCE(head(d)) + BCE(bias head(x_c)) + c R(x_c) + L_con,    c = min(1, gamma BCE(bias head) / R), no gradient (2)
    L_con = -log e^cos(x, d) / (e^cos(x, d) + e^cos(x, x_c))                                                       (3)

with the coding rate R. As adjusted, z is noisy and its divergence is charged; of several charges the one is taken whose
code holds least while the bias-only head keeps 95 % of the full head's accuracy on validation rows. Only then the main
branch is trained, with the bias fixed, and rows that the bias answers by itself count less,

    L = sum_i w_i loss(head(d_i)) / sum_i w_i + L_con,    w = 1 - p_bias(y)                                        (4)

With w = 1 / p_bias(y) (`inverse`) (4) is inverse-probability weighting: where p_bias is P(y | c) the weighted rows are
those of a population in which c says nothing about y, and the head learns P(y | do(x)) itself; 1 - p_bias(y) goes part
of the way, and gives up less where nothing shifts.

ATE-D, a dictionary for the bias: codes z = W x of a tied linear autoencoder, centroids z_k with shares P(z_k), then

    attenuate    head(x (1 - cos(W x, mean_k z_k)))
    augment      sum_k P(z_k) f(x, z_k), f trained with the entry next to the row
    contrast     loss of head(x) + 0.2 L_con with x - W'W x for the near one and W'W x for the far one

Where we differ from the source. (2) and ATE-D are there as published and did not isolate a bias where it is known, so
that (4) is the default; the weights of (4) are ours. R falls when x_c is only scaled down and the head scales it up
again, with no information lost; noise with a charged divergence has no such way out. The published contrast normalises
along axis 1 whatever that is; here it is the axis of the feature. The dictionary is weighted by P(z_k), and what is
averaged are probabilities, as (1) says, unless `average="logits"`. The confounder of ATE-D is that of the one site that
`feature` names; dictionaries at several sites inside a network are not there.

Source:
    Patil, Maharana and Bansal, Debiasing Multimodal Models via Causal Information Minimization, Findings of EMNLP 2023.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.causal_info_min.backbone import Tap
    from aitia.systems.causal_info_min.bias_sufficiency import Sufficiency, sufficiency
    from aitia.systems.causal_info_min.config import CausalInfoMinConfig
    from aitia.systems.causal_info_min.model import CausalInfoMin
    from aitia.systems.causal_info_min.trainings import Tried

__all__ = ["CausalInfoMin", "CausalInfoMinConfig", "Sufficiency", "Tap", "Tried", "sufficiency"]

__getattr__ = lazily(
    __name__,
    {
        "CausalInfoMin": "model",
        "CausalInfoMinConfig": "config",
        "Sufficiency": "bias_sufficiency",
        "Tap": "backbone",
        "Tried": "trainings",
        "sufficiency": "bias_sufficiency",
    },
)
