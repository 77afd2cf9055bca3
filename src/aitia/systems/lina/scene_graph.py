"""The causal scene graph of prompts: what they tell, what follows from it, and over how many arrows.

An attribute is told where most rows that want something of it say so in their prompt, and follows where an arrow of the
graph leads to it from what is told or follows. A model that draws pixels by words has the words of what is told, and
has to have learnt what follows.
"""

from collections.abc import Mapping, Sequence

from aitia.errors import GraphError, OptionError, unknown_variable
from aitia.graph.graph import Graph

__all__ = ["hops", "scene_graph"]


def scene_graph(text: str | None, attributes: Sequence[str]) -> Graph | None:
    """The graph over wanted attributes; None where none is given.

    Raises:
        OptionError: If it has a cycle, or a line without a direction.
        UnknownVariableError: If it names something that no column wants; names the nearest.
    """
    if text is None:
        return None
    graph = Graph(text)
    for name in graph.nodes:
        if name not in attributes:
            raise unknown_variable(name, tuple(attributes), "scene: wanted columns are what it shows")
    try:
        graph.topological_order()
    except GraphError as error:
        raise OptionError(
            f"the graph of a scene says what determines what, and this has no such order: {error}"
        ) from error
    return graph


def hops(graph: Graph, told: Mapping[str, float]) -> dict[str, int]:
    """For each attribute the longest way of arrows from what is told; 0 where it is told, -1 where none leads to it.

    Args:
        graph: Of the scene.
        told: For each attribute the share of rows that say it.
    """
    found: dict[str, int] = {}
    for name in graph.topological_order():
        above = [found[parent] for parent in graph.parents(name) if found[parent] >= 0]
        if told.get(name, 0.0) > 0.5:
            found[name] = 0
        else:
            found[name] = max(above) + 1 if above else -1
    return found
