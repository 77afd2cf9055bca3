"""A system fitted to a user's data, asked what if, and compared with others: `aitia run`, `aitia do`, `aitia bench`.

`ask` and `bench` are in the modules of these names."""

from typing import TYPE_CHECKING

from aitia.lazy import lazily

if TYPE_CHECKING:
    from aitia.workflow.estimator import sklearn
    from aitia.workflow.loading import Loaded, load_run
    from aitia.workflow.run import Fit, fit
    from aitia.workflow.source import Source, find_world, world_names

__all__ = [
    "Fit",
    "Loaded",
    "Source",
    "find_world",
    "fit",
    "load_run",
    "sklearn",
    "world_names",
]

_HOMES = {
    "estimator": "sklearn",
    "loading": "Loaded load_run",
    "run": "Fit fit",
    "source": "Source find_world world_names",
}
__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})
