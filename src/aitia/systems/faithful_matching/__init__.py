"""What a text classifier would say if one concept of a text were another, from the texts at hand that stand in for it.

Concepts C_1..C_m cause a text x, and any black box f gives class probabilities f(x). What f would say of x under
do(C_t = c') is asked of the k nearest texts m_1..m_k of a pool that have C_t = c':

    S(x) = mean_k f(m_k) - f(x)                                                                                      (1)

Nearest is by the cosine of an embedding e, one for each treatment t, trained so that what stands in for a
counterfactual is near. Of each text x four sets are known, from edits of x and from the pool:

    counterfactual                 edits of x in which C_t alone differs
    match                          texts of others with the same other concepts
    misspecified counterfactual    edits of x with C_t kept and one other concept changed
    misspecified match             all remaining texts of others: some other concept differs

With s(A) = mean_{a in A} exp( cos(e(x), e(a)) / tau ) the losses are, as published,

    joint    - log [ (s(CF) + s(M)) / (s(CF) + s(M) + s(mM) + s(mCF)) ],    tau = 1                                  (2)
    ranks    - sum over (A, B) of w_AB log [ s(A) / (s(A) + s(B)) ],    tau = 0.1                                    (3)
    over (A, B) = (CF, mCF), (CF, M), (M, mCF), weights 1

What f says of x alone is noisy too. With a share w > 0 (`smoothing`) part of it gives way to the k nearest texts
n_1..n_k of the pool that have the value of x itself, so that what the matches lack of x is lacking on both sides:

    S(x) = mean_k f(m_k) - (1 - w) f(x) - w mean_k f(n_k)                                                            (4)

No edit is needed to explain: one pass of the encoder, and neighbours. Beside it, in the same frame: matches at random,
by the propensity P(C_t | x), by equal predicted concepts (`approximate`, and `approximate tf-idf` with the nearest of
those), by TF-IDF, by the embedding before its training; CONEXP and the S-learner, which match nothing; and an editor,
such as a language model, that writes the counterfactual.

Where we differ from the source. (3) as published gives no weight to (M, mM): nothing then tells a text of other
concepts from one of the same. `RANKS`, the default, has this pair too; `PUBLISHED_RANKS` has not. Sets are drawn for
several texts a step, and the learning rate falls to zero. A set is told by the concepts of its texts, read off where
they are not known, and not by what an edit was meant to change. `approximate` takes the texts with the most equal
concepts where none has all of them. (4) with w > 0 is ours.

Source:
    Gat, Calderon, Feder, Chapanin, Sharma and Reichart, Faithful explanations of black-box NLP models using
    LLM-generated counterfactuals, ICLR 2024; Abraham et al., CEBaB, NeurIPS 2022, for the errors and the baselines.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.faithful_matching.answers import Effects, Matches
    from aitia.systems.faithful_matching.config import (
        MATCHERS,
        PUBLISHED_RANKS,
        RANKS,
        SETS,
        FaithfulMatchingConfig,
        Matcher,
    )
    from aitia.systems.faithful_matching.matching import Matching
    from aitia.systems.faithful_matching.model import FaithfulMatching
    from aitia.systems.faithful_matching.objective import joint_loss, rank_loss, set_similarities
    from aitia.systems.faithful_matching.sets import MatchSets

__all__ = [
    "MATCHERS",
    "PUBLISHED_RANKS",
    "RANKS",
    "SETS",
    "Effects",
    "FaithfulMatching",
    "FaithfulMatchingConfig",
    "MatchSets",
    "Matcher",
    "Matches",
    "Matching",
    "joint_loss",
    "rank_loss",
    "set_similarities",
]

__getattr__ = lazily(
    __name__,
    {
        "Effects": "answers",
        "FaithfulMatching": "model",
        "FaithfulMatchingConfig": "config",
        "MATCHERS": "config",
        "MatchSets": "sets",
        "Matcher": "config",
        "Matches": "answers",
        "Matching": "matching",
        "PUBLISHED_RANKS": "config",
        "RANKS": "config",
        "SETS": "config",
        "joint_loss": "objective",
        "rank_loss": "objective",
        "set_similarities": "objective",
    },
)
