"""A DAG over the causes, searched for in their labels: what `graph="learn"` does.

PC's three steps find a class of DAGs that the tests cannot tell apart; of it the one is taken that a fixed rule gives,
and what the tests left open is said in words.

Source:
    Spirtes, Glymour and Scheines, Causation, Prediction, and Search (2000), section 5.4.2.
"""

from aitia.data.table import Table
from aitia.errors import GraphError
from aitia.graph.equivalence import consistent_extension
from aitia.graph.graph import Graph
from aitia.stats.independence import independence_test
from aitia.stats.search import Asker, Constraints, Orientation, choose_test, find_skeleton

__all__ = ["learnt_graph"]

_DEEPEST = 3


def learnt_graph(labels: Table, alpha: float) -> tuple[Graph, tuple[str, ...]]:
    """A DAG over the columns, and sentences on how it came about.

    Args:
        labels: Numbers without holes.
        alpha: Level of the tests.

    Raises:
        GraphError: If the tests contradict each other so that no DAG agrees with them.
        DataError: If a column cannot be tested.
    """
    name, why = choose_test(labels, _DEEPEST)
    asker = Asker(independence_test(name, labels))
    limits = Constraints.of(labels.names, None)
    skeleton = find_skeleton(asker, alpha=alpha, max_depth=_DEEPEST, limits=limits)
    found = Orientation(skeleton, limits.forbidden)
    found.colliders("strongest-first", asker, alpha, _DEEPEST)
    found.close(with_knowledge=False)
    notes = [f"The graph was searched for in the labels. {why}", *found.warnings]
    undirected = [edge for edge in str(found.graph).split("; ") if "---" in edge]
    if undirected:
        notes.append(
            f"The tests leave open which way {', '.join(undirected)} point: one way was taken, and answers depend on "
            "it. Give the graph where you know it."
        )
    try:
        return consistent_extension(found.graph), tuple(notes)
    except GraphError as error:
        raise GraphError(f"the tests on the labels contradict each other ({error}): give the graph") from error
