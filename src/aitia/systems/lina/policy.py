"""Which strengths suit a prompt, learnt from how those tried did on other prompts.

    z = (pooled h - mean) V / s        the first directions of the prompts' embeddings, whitened                    (1)
    s^_k = m_k + z W_k                 ridge, of how much better setting k does than all settings do on a prompt     (2)
    k(h) = argmax_k s^_k                                                                                             (3)

m_k is the mean over prompts, so that a heavy penalty gives all prompts the best single setting: what is learnt of a
prompt is shrunk towards that. The penalty is the one whose choices (3) do best on prompts, or groups of them, that were
held out; of equal ones the heaviest. A prompt on which the settings were tried has marks s_k of its own besides:

    s~_k = s^_k + c (s_k - s^_k),    c = 1 - E (noise of s_k - s^_k)^2 / E (s_k - s^_k)^2, 0 at least                (4)

with the noise of a mean over a few pictures estimated from their spread.

Source:
    Efron and Morris, Stein's estimation rule and its competitors, JASA 68 (1973), for the shrinkage; the policy is ours
    in the place of the predictor of Yu and Lu.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from aitia.nn.conditions import Condition

__all__ = ["Policy", "learn_policy", "pooled", "shrunk"]

Values = NDArray[np.float64]

PENALTIES = (float("inf"), 30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
"""Of (2), in numbers of prompts."""
_FOLDS = 10
_POOLED = ("text_embeds", "pooled_projections")


def pooled(said: Condition) -> Values:
    """(n, width) of what the denoiser is told: the mean over tokens, beside what is pooled already."""
    parts = [said.tensors["encoder_hidden_states"].double().mean(1)]
    parts += [said.tensors[name].double() for name in _POOLED if name in said.tensors]
    found: Values = torch.cat(parts, dim=1).cpu().numpy()
    return found


@dataclass(frozen=True, eq=False)
class Policy:
    """(1) to (3).

    Args:
        mean: (width,) of pooled embeddings.
        basis: (width, components) V / s of (1).
        weights: (components, settings) W.
        base: (settings,) m.
        penalty: That was taken.
        gain: Of its choices over the best single setting, on prompts that were held out.
    """

    mean: Tensor
    basis: Tensor
    weights: Tensor
    base: Tensor
    penalty: float
    gain: float

    def scores(self, h: ArrayLike) -> Values:
        """(n, settings) of (2)."""
        z = (np.asarray(h, dtype=np.float64) - self.mean.numpy()) @ self.basis.numpy()
        found: Values = self.base.numpy() + z @ self.weights.numpy()
        return found

    def choose(self, h: ArrayLike) -> NDArray[np.int64]:
        """(3), (n,) numbers of settings."""
        found: NDArray[np.int64] = self.scores(h).argmax(1)
        return found

    @property
    def single(self) -> int:
        """The best setting for all prompts."""
        return int(self.base.argmax())


def learn_policy(h: Values, scores: Values, groups: ArrayLike, components: int, seed: int = 0) -> Policy:
    """The policy of prompts on which every setting was tried.

    Args:
        h: (n, width) pooled embeddings.
        scores: (n, settings) how well each did.
        groups: (n,) prompts of one group are held out together.
        components: Directions of (1) at most.
        seed: Of the folds.
    """
    mean = h.mean(0)
    u, s, v = np.linalg.svd(h - mean, full_matrices=False)
    kept = int(min(components, len(h) - 1, (s > 1e-6 * max(s[0], 1e-12)).sum()))
    basis = v[:kept].T / (s[:kept] / np.sqrt(len(h)))
    z = u[:, :kept] * np.sqrt(len(h))
    apart = scores - scores.mean(1, keepdims=True)
    values = dict.fromkeys(PENALTIES, 0.0)
    for held in _folds(np.asarray(groups), seed):
        for penalty in PENALTIES:
            base, weights = _ridge(z[~held], apart[~held], penalty)
            picked = (base + z[held] @ weights).argmax(1)
            values[penalty] += float(apart[held][np.arange(len(picked)), picked].sum()) / len(h)
    best = max(PENALTIES, key=lambda penalty: (values[penalty] > values[PENALTIES[0]] + 1e-9, values[penalty], penalty))
    base, weights = _ridge(z, apart, best)
    whole = [torch.from_numpy(np.ascontiguousarray(part)) for part in (mean, basis, weights, base)]
    return Policy(whole[0], whole[1], whole[2], whole[3], best, values[best] - values[PENALTIES[0]])


def shrunk(policy: Policy, h: Values, marks: Values) -> tuple[Values, float]:
    """(4) of prompts on which every setting was tried, and c.

    Args:
        policy: Learnt of their means.
        h: (n, width) pooled embeddings.
        marks: (n, settings, samples); settings were tried with the same noise.
    """
    apart = marks - marks.mean(1, keepdims=True)  # what noises have in common is no difference of settings
    own, prior, samples = apart.mean(2), policy.scores(h), marks.shape[2]
    total = float(np.square(own - prior).mean())
    noise = float(apart.var(axis=2, ddof=1).mean()) / samples if samples > 1 else total
    kept = max(0.0, 1 - noise / total) if total > 0 else 0.0
    found: Values = prior + kept * (own - prior)
    return found, kept


def _ridge(z: Values, y: Values, penalty: float) -> tuple[Values, Values]:
    """m and W of (2)."""
    base = y.mean(0)
    if not np.isfinite(penalty) or not z.shape[1]:
        return base, np.zeros((z.shape[1], y.shape[1]))
    centre = z.mean(0)
    x = z - centre
    weights = np.linalg.solve(x.T @ x + penalty * len(z) * np.eye(z.shape[1]), x.T @ (y - base))
    return base - centre @ weights, weights


def _folds(groups: NDArray[np.generic], seed: int) -> list[NDArray[np.bool_]]:
    """Which rows each fold holds out; as many folds as groups where these are few, none where there is one."""
    names, number = np.unique(groups, return_inverse=True)
    count = min(_FOLDS, len(names))
    fold = np.random.default_rng(seed).permutation(len(names)) % count
    return [fold[number] == k for k in range(count)] if count > 1 else []
