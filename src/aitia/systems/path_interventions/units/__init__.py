"""The units of a classifier: its layers, which unit comes from which, and interventions on the paths between them."""

from aitia.systems.path_interventions.units.following import logits_of
from aitia.systems.path_interventions.units.network import Layer, Unit, UnitNetwork
from aitia.systems.path_interventions.units.origins import unit_axis
from aitia.systems.path_interventions.units.paths import (
    changed_outputs,
    chunks,
    contributions,
    path_weights,
    weight_mask,
)
from aitia.systems.path_interventions.units.upwards import Upwards

__all__ = [
    "Layer",
    "Unit",
    "UnitNetwork",
    "Upwards",
    "changed_outputs",
    "chunks",
    "contributions",
    "logits_of",
    "path_weights",
    "unit_axis",
    "weight_mask",
]
