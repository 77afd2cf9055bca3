"""What d-separation in a known DAG with hidden and selected variables answers, in place of a test of rows."""

import numpy as np

from aitia.graph import Graph, is_separated
from aitia.stats.independence import Tested
from aitia.stats.search import Asker, Constraints
from aitia.systems.fci import FCI


class Oracle:
    """A test of independence that knows the truth."""

    def __init__(self, dag, hidden=(), selected=()):
        self.dag, self.selected = dag, tuple(selected)
        self.names = tuple(name for name in dag if name not in hidden and name not in selected)

    def test(self, triples):
        return [
            Tested(0.0, float(is_separated(self.dag, x, y, (*given, *self.selected))), 100) for x, y, given in triples
        ]

    def cost(self, given):
        return 1e-6


def learned(oracle, knowledge=None, **options):
    """The learner after a search with these answers."""
    search = FCI(knowledge=knowledge, **options)
    search.warnings_ = []
    search.graph_ = search._learn(Asker(oracle), Constraints.of(oracle.names, search.config.known))
    return search


def world(seed):
    """A DAG of 8 to 13 nodes with 2 to 4 neighbours each; one to four are hidden, in every third one is selected on."""
    rng = np.random.default_rng([seed, 4])
    nodes, degree = 8 + seed % 6, 2 + seed % 3
    names = [f"v{k}" for k in rng.permutation(nodes)]
    edges = [
        (names[i], names[j]) for i in range(nodes) for j in range(i + 1, nodes) if rng.random() < degree / (nodes - 1)
    ]
    pick = rng.permutation(names).tolist()
    hidden = 1 + seed % 4
    return Graph(edges, sorted(names)), pick[:hidden], pick[hidden : hidden + (seed % 3 == 0)]
