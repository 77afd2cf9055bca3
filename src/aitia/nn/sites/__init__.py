"""Places in a trained network, and what can be done there. See `aitia.nn.sites.site` for the grammar of places."""

from aitia.nn.sites.attribution import Agreement, agreement, attribution
from aitia.nn.sites.controls import random_labels, random_subspace, random_units
from aitia.nn.sites.heat_map import heat_map
from aitia.nn.sites.intervene import Network, Recording, intervene, record
from aitia.nn.sites.metrics import LogitDifference, LogProbability
from aitia.nn.sites.operations import (
    Add,
    Interchange,
    Mean,
    Multiply,
    Noise,
    Operation,
    Patch,
    PatchSubspace,
    ProjectOut,
    Resample,
    Transform,
)
from aitia.nn.sites.paths import Mediation, mediation, path_patch
from aitia.nn.sites.site import Site
from aitia.nn.sites.trace import Trace, trace

__all__ = [
    "Add",
    "Agreement",
    "Interchange",
    "LogProbability",
    "LogitDifference",
    "Mean",
    "Mediation",
    "Multiply",
    "Network",
    "Noise",
    "Operation",
    "Patch",
    "PatchSubspace",
    "ProjectOut",
    "Recording",
    "Resample",
    "Site",
    "Trace",
    "Transform",
    "agreement",
    "attribution",
    "heat_map",
    "intervene",
    "mediation",
    "path_patch",
    "random_labels",
    "random_subspace",
    "random_units",
    "record",
    "trace",
]
