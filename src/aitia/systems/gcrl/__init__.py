"""Forecasts of tracks from two latents: z, whose law never changes, and s, whose law is the environment's.

    p(x, y, z, s | e) = p(z) p(s | e) p(x | z, s) p(y | z, s),    p(s) = sum_k w_k p_k(s)                          (1)

x is the past of a scene, y its future. Of all parts only p(s | e) differs between environments, so that a new place
asks for no more than another s. Latents are inferred from the past alone, q(z, s | x) = q(z | x) q(s | x). With
q(z, s | x, y) = q(z, s | x) p(y | z, s) / q(y | x) the bound on log p(x, y) becomes, for draws i = 1..N,

    log q(y | x) + sum_i v_i [ log p(x | z_i, s_i) + log p(s_i) - log q(s_i | x) + log p(z_i) - log q(z_i | x) ]     (2)
    q(y | x) = mean_i p(y | z_i, s_i),    v = softmax_i log p(y | z_i, s_i)

which is `weighted`. `decoupled`, published for the ORCA crossing, takes v_i = 1/N and the error of the best of K draws
for -log q(y | x). The default, `joint`, takes v_i = 1/N and mean_i log p(y | z_i, s_i), which is no more than
log q(y | x) by Jensen's inequality: the plain bound on log p(x, y).

    pair     two agents, perceptrons
    group    any number of agents, LSTMs and attention

s can be read from whole reference scenes of the same place in place of the past (`style="references"`): where nothing
in the past shows the style of a place, q(s | x) cannot know it. This too is a bound on log p(x), for q may be any law.

Where we differ from the source. The best of K rewards draws that scatter, for one of them hits anyway: their mean errs
several times more than with `joint`, and s need not say which place it is, so that do(s) does little. The published
Gaussian log-density lacks the factor 1 / (2 variance) and counts one coordinate of two in the constant; here it is the
density. At the published variance of 0.25 m^2 a decimetre is worth 0.02 nats, and s can collapse to its prior: the
default variance is smaller. Positions are taken in a frame of the scene's own and added to constant
velocity, and the perceptrons of the pair form see and give whitened numbers, which alone makes the error on the ORCA
crossing several times smaller (`raw=True` does without). An intervention keeps the frame and the last step.

Arms of a comparison (`latents`) see the same scenes in the same order. On the crossing the order of the scenes alone
moves the error over all radii, of which most is at untrained ones, by a factor of two: a plain VAE that drew its
batches from the pool in an order of its own had 0.048 m with one and 0.097 m with another, from the same first weights.
Side by side such arms say which order was lucky; on the same batches the two laws differ by a few per cent.

Source:
    Shirahmad Gale Bagi, Gharaee, Schulte and Crowley, Generative Causal Representation Learning for Out-of-Distribution
    Motion Forecasting, ICML 2023.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.gcrl.answers import Latents, SampledForecast
    from aitia.systems.gcrl.config import UPDATES, GCRLConfig, Update
    from aitia.systems.gcrl.model import COLLAPSED, GCRL

__all__ = ["COLLAPSED", "GCRL", "UPDATES", "GCRLConfig", "Latents", "SampledForecast", "Update"]

__getattr__ = lazily(
    __name__,
    {
        "COLLAPSED": "model",
        "GCRL": "model",
        "GCRLConfig": "config",
        "Latents": "answers",
        "SampledForecast": "answers",
        "UPDATES": "config",
        "Update": "config",
    },
)
