"""Systems that several files put to the test."""

import numpy as np
import pytest

from aitia.graph.graph import Graph
from aitia.scm import SCM, AdditiveNoise, Function, Gaussian, KernelTrend, Linear, Softmax, TableMechanism


@pytest.fixture
def mixed() -> SCM:
    """Every kind of mechanism in one system: two causes of two kinds, a bend, a softmax and a function."""
    bend = KernelTrend([0.0, 0.0], [1.0, 1.0], [0.0, 1.0, 0.0], [[0.0, 0.0], [1.0, 1.0]], [2.0, -2.0], 0.7)
    return SCM(
        Graph(
            "site -> dose; age -> dose; age -> risk; dose -> risk; risk -> ill; site -> ill; ill -> cost; age -> cost"
        ),
        {
            "site": TableMechanism((), [0.2, 0.5, 0.3]),
            "age": Linear(noise=Gaussian(2.0), intercept=1.0),
            "dose": Linear(("site", "age"), [1.0, -1.0, 0.5], parent_levels=(3, 0)),
            "risk": AdditiveNoise(("age", "dose"), bend, Gaussian(0.5)),
            "ill": Softmax(("risk", "site"), [[1.0, -1.0], [0.3, 0.0], [0.0, 0.5]], [0.0, 0.2], (0, 3)),
            "cost": Function(
                ("age", "ill"),
                lambda a, i, u: np.sin(a) + 3 * i + u,
                inverse=lambda c, a, i: c - np.sin(a) - 3 * i,
                parent_levels=(0, 2),
            ),
        },
        categories={"site": ("north", "south", "west"), "ill": ("no", "yes")},
    )


@pytest.fixture
def survey() -> SCM:
    """A discrete system with a confounder, a mediator and a collider."""
    rng = np.random.default_rng(3)
    graph = Graph("c -> x; c -> y; x -> m; m -> y; x -> s; y -> s")
    shape = {"c": (2,), "x": (2, 3), "m": (3, 2), "y": (2, 2, 2), "s": (3, 2, 2)}
    tables = {name: rng.dirichlet(np.ones(k[-1]), k[:-1]) for name, k in shape.items()}
    return SCM.from_tables(graph, tables, {"x": ("low", "mid", "high")})
