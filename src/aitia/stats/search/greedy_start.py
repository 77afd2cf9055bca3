"""What the class of a greedy equivalence search says of triples: another start where tests find too few edges.

In a dense graph tests miss edges, and what separates a pair by them says little of colliders. A search by scores that
starts from no edges does not lean on them; its class is the same in any order of the columns.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

from aitia.graph import Graph
from aitia.graph._pdag import Pdag
from aitia.graph.bits import bits
from aitia.stats.search.assembly import Triple
from aitia.stats.search.greedy import backward, forward
from aitia.stats.search.likelihood import GaussianScore

__all__ = ["greedy_evidence"]

ROWS_A_PARENT = 10
"""A node has at most a parent for so many rows."""


FIRST = 1000.0
"""Makes what the greedy class says count for more than what tests say of the other triples."""


class _Nodes:
    """A likelihood of nodes by their places, as the greedy steps ask it."""

    def __init__(self, score: GaussianScore, names: tuple[str, ...]) -> None:
        self.score, self.names = score, names

    def __call__(self, y: int, parents: int) -> float:
        return self.score(y, parents)

    def several(self, asked: Iterable[tuple[int, int]]) -> None:
        """Nothing is gained by asking at once."""

    def grown(self, y: int, parents: int) -> None:
        """Nothing is gained by asking at once."""


def greedy_evidence(score: GaussianScore, names: tuple[str, ...], adjacent: Sequence[int]) -> dict[Triple, float]:
    """For unshielded triples of a skeleton how strongly the greedy class has a collider there; below zero, none.

    The product of the correlations of the middle with the ends: where all counted alike, ties would decide.

    Args:
        score: Of a node and its parents.
        names: Of the nodes.
        adjacent: The skeleton, as bit rows.
    """
    nodes = _Nodes(score, names)
    limit = max(1, min(len(names) - 1, score.n // ROWS_A_PARENT))
    rows = Pdag(backward(forward(Graph([], names), nodes, limit=limit), nodes))
    found: dict[Triple, float] = {}
    for y, near in enumerate(adjacent):
        into, others = rows.parents[y], rows.children[y] | rows.neighbors[y]
        for x, z in combinations(bits(near), 2):
            both = 1 << x | 1 << z
            if adjacent[x] >> z & 1 or not both & (into | others):
                continue
            weight = FIRST * abs(float(score.correlation[x, y] * score.correlation[y, z]))
            if not both & ~into:
                found[x, y, z] = weight
            elif both & others:
                found[x, y, z] = -weight
    return found
