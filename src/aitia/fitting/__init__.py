"""A method fitted to a user's data, asked what if, and compared with others: `aitia run`, `aitia do`, `aitia bench`."""

from aitia.fitting.ask import Answer, ask
from aitia.fitting.bench import Bench, bench
from aitia.fitting.contract import Adapter, Measure, Target, Training
from aitia.fitting.fit import Fit, fit, load_fit
from aitia.fitting.observed import Observed
from aitia.fitting.registry import find_method, method_names
from aitia.fitting.source import Source, find_world, world_names

__all__ = [
    "Adapter",
    "Answer",
    "Bench",
    "Fit",
    "Measure",
    "Observed",
    "Source",
    "Target",
    "Training",
    "ask",
    "bench",
    "find_method",
    "find_world",
    "fit",
    "load_fit",
    "method_names",
    "world_names",
]
