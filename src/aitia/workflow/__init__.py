"""A method fitted to a user's data, asked what if, and compared with others: `aitia run`, `aitia do`, `aitia bench`."""

from aitia.workflow.ask import Answer, ask
from aitia.workflow.bench import Bench, bench
from aitia.workflow.contract import Adapter, Measure, Target, Training
from aitia.workflow.fit import Fit, fit, load_fit
from aitia.workflow.observed import Observed
from aitia.workflow.registry import find_method, method_names
from aitia.workflow.source import Source, find_world, world_names

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
