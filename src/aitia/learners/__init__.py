"""From data to a causal graph, latents or a predictor; one method a file. Torch is loaded only where it is used."""

from typing import TYPE_CHECKING, Any

from aitia.learners.cd_nod import CDNOD, ChangingMechanism, DrivingForce
from aitia.learners.pc import PC

if TYPE_CHECKING:
    from aitia.learners.causal_motion import CausalMotion, CausalMotionConfig, Forecast
    from aitia.learners.gcrl import GCRL, GCRLConfig, Latents, SampledForecast

__all__ = [
    "CDNOD",
    "GCRL",
    "PC",
    "CausalMotion",
    "CausalMotionConfig",
    "ChangingMechanism",
    "DrivingForce",
    "Forecast",
    "GCRLConfig",
    "Latents",
    "SampledForecast",
]

_WITH_TORCH = {
    "CausalMotion": "causal_motion",
    "CausalMotionConfig": "causal_motion",
    "Forecast": "causal_motion",
    "GCRL": "gcrl",
    "GCRLConfig": "gcrl",
    "Latents": "gcrl",
    "SampledForecast": "gcrl",
}
"""The module of each class that stands on torch."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_WITH_TORCH[name]}"), name)
