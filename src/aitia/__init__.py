"""aitia: learn a causal graph or model, do an intervention, verify the answer.

Example:
    >>> from aitia import Graph, SCM, do
    >>> from aitia.scm import Linear
    >>> scm = SCM(Graph("x -> y"), {"x": Linear(), "y": Linear(("x",), (2.0,))})
    >>> rows = do(scm, x=3.0).sample(1000, seed=0)
    >>> abs(float(rows.column("y").mean()) - 6.0) < 0.2
    True
"""

from aitia.data.table import Kind, Table
from aitia.data.tables import read_table
from aitia.discovery import Discovery, discover, estimate_effect
from aitia.do import Effect, Intervention, check, counterfactual, do, effect
from aitia.errors import AitiaError
from aitia.graph import Graph, Knowledge
from aitia.graph.formats import read_graph, write_graph
from aitia.scm import SCM
from aitia.version import __version__

__all__ = [
    "SCM",
    "AitiaError",
    "Discovery",
    "Effect",
    "Graph",
    "Intervention",
    "Kind",
    "Knowledge",
    "Table",
    "__version__",
    "check",
    "counterfactual",
    "discover",
    "do",
    "effect",
    "estimate_effect",
    "read_graph",
    "read_table",
    "write_graph",
]
