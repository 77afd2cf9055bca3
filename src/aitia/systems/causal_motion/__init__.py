"""Forecasts of tracks that keep physics, drop spurious cues, and take the style of a place from a few of its scenes.

    y = x_now + sum of steps,   steps = g( psi(x); s ),   s = mean over reference scenes r of phi(r)              (1)
    loss = sum_e R_e + lambda * invariance + mu * contrast( head(phi(r)), environment of r )                     (2)

psi reads the past, phi whole scenes of the same environment, and g is modulated by the style s in two residual blocks.
R_e is the mean squared distance in environment e. The invariance penalty is IRM, with a factor on the displacements and
halves that make it unbiased, or v-REx. The contrast pulls scenes of an environment together and others apart. In a new
place only the modulation need be updated (`adapt`). At test time the latent psi(x) can be moved by a few gradient steps
until the forecast looks, to phi, like the references (`refine`); another place's style is a `counterfactual`.

Where we differ from the source. Its references contain the scenes that are scored, future included: here a reference
that shares a step with a scene is never used for it, in training as in forecasting, and every `Forecast` says so. Its
pooled baseline trains for 100 epochs and its modular one for 470; here `steps` counts the updates of all phases. Its
setting (`schedule="phases"`, `frame="plane"`, `width=32`) is kept; by default a scene is seen from a frame of its own,
scaled, steps are added to constant velocity, and everything is trained together.

Source:
    Liu, Cadei, Schweizer, Bahmani and Alahi, Towards Robust and Adaptive Motion Forecasting: A Causal Representation
    Perspective, CVPR 2022.
"""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.systems.causal_motion.answers import Forecast
    from aitia.systems.causal_motion.config import CausalMotionConfig, Update
    from aitia.systems.causal_motion.model import CausalMotion

__all__ = ["CausalMotion", "CausalMotionConfig", "Forecast", "Update"]

__getattr__ = lazily(
    __name__,
    {
        "CausalMotion": "model",
        "CausalMotionConfig": "config",
        "Forecast": "answers",
        "Update": "config",
    },
)
