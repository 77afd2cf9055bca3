"""From data to a causal graph, latents or a predictor; one method a file. Torch is loaded only where it is used."""

from typing import TYPE_CHECKING, Any

from aitia.learners.cd_nod import CDNOD, ChangingMechanism, DrivingForce
from aitia.learners.dynamic_connectomes import DynamicConnectomes, DynamicConnectomesConfig
from aitia.learners.hca import HCA, HCAConfig
from aitia.learners.pc import PC

if TYPE_CHECKING:
    from aitia.learners.cadet import Cadet, CadetConfig, RewrittenTexts, TextLatents
    from aitia.learners.causal_info_min import CausalInfoMin, CausalInfoMinConfig, Sufficiency
    from aitia.learners.causal_motion import CausalMotion, CausalMotionConfig, Forecast
    from aitia.learners.gcrl import GCRL, GCRLConfig, Latents, SampledForecast
    from aitia.learners.gde import GDE, GDEConfig, PerturbationPredictor
    from aitia.learners.tabpfn import PriorConfig, PriorTable, TablePrior, TabPFN, TabPFNConfig, sample_table

__all__ = [
    "CDNOD",
    "GCRL",
    "GDE",
    "HCA",
    "PC",
    "Cadet",
    "CadetConfig",
    "CausalInfoMin",
    "CausalInfoMinConfig",
    "CausalMotion",
    "CausalMotionConfig",
    "ChangingMechanism",
    "DrivingForce",
    "DynamicConnectomes",
    "DynamicConnectomesConfig",
    "Forecast",
    "GCRLConfig",
    "GDEConfig",
    "HCAConfig",
    "Latents",
    "PerturbationPredictor",
    "PriorConfig",
    "PriorTable",
    "RewrittenTexts",
    "SampledForecast",
    "Sufficiency",
    "TabPFN",
    "TabPFNConfig",
    "TablePrior",
    "TextLatents",
    "sample_table",
]

_WITH_TORCH = {
    "Cadet": "cadet",
    "CadetConfig": "cadet",
    "CausalInfoMin": "causal_info_min",
    "CausalInfoMinConfig": "causal_info_min",
    "CausalMotion": "causal_motion",
    "CausalMotionConfig": "causal_motion",
    "Forecast": "causal_motion",
    "GCRL": "gcrl",
    "GCRLConfig": "gcrl",
    "GDE": "gde",
    "GDEConfig": "gde",
    "Latents": "gcrl",
    "PerturbationPredictor": "gde",
    "PriorConfig": "tabpfn",
    "PriorTable": "tabpfn",
    "RewrittenTexts": "cadet",
    "SampledForecast": "gcrl",
    "Sufficiency": "causal_info_min",
    "TabPFN": "tabpfn",
    "TabPFNConfig": "tabpfn",
    "TablePrior": "tabpfn",
    "TextLatents": "cadet",
    "sample_table": "tabpfn",
}
"""The module of each class that stands on torch."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_WITH_TORCH[name]}"), name)
