"""Groups of nodes in a weighted graph, in levels, by the shortest description of the graph. See `nested`."""

from aitia.systems.dynamic_connectomes.block_model.description import (
    WeightedGraph,
    description_length,
    nested_description_length,
)
from aitia.systems.dynamic_connectomes.block_model.nested import NestedBlocks, fit_blocks, need_engine

__all__ = [
    "NestedBlocks",
    "WeightedGraph",
    "description_length",
    "fit_blocks",
    "need_engine",
    "nested_description_length",
]
