"""aitia: learn a causal graph or model, do an intervention, verify the answer.

Example:
    >>> from aitia import Graph, SCM, do
    >>> from aitia.scm import Linear
    >>> scm = SCM(Graph("x -> y"), {"x": Linear(), "y": Linear(("x",), (2.0,))})
    >>> rows = do(scm, x=3.0).sample(1000, seed=0)
    >>> abs(float(rows.column("y").mean()) - 6.0) < 0.2
    True
"""

from typing import TYPE_CHECKING

from aitia.stopping import while_starting

while_starting()  # before numpy: whoever stops the command while modules are loaded is answered in a sentence too

from aitia.do import Effect, Intervention, do  # noqa: E402  # `do` is a package too: what is bound last is the verb
from aitia.errors import AitiaError  # noqa: E402
from aitia.lazy import lazily  # noqa: E402
from aitia.version import __version__  # noqa: E402

if TYPE_CHECKING:
    from aitia.data.spreadsheet import Reading
    from aitia.data.table import Kind, Table
    from aitia.data.tables import read_table
    from aitia.discovery import Discovery, discover, estimate_effect
    from aitia.graph import Graph, Knowledge
    from aitia.graph.formats import read_graph, write_graph
    from aitia.scm import SCM
    from aitia.system import check, counterfactual, effect, load
    from aitia.workflow.ask import ask
    from aitia.workflow.bench import bench
    from aitia.workflow.estimator import sklearn
    from aitia.workflow.run import Fit, fit

__all__ = [
    "SCM",
    "AitiaError",
    "Discovery",
    "Effect",
    "Fit",
    "Graph",
    "Intervention",
    "Kind",
    "Knowledge",
    "Reading",
    "Table",
    "__version__",
    "ask",
    "bench",
    "check",
    "counterfactual",
    "discover",
    "do",
    "effect",
    "estimate_effect",
    "fit",
    "load",
    "read_graph",
    "read_table",
    "sklearn",
    "write_graph",
]

_HOMES = {
    "data.spreadsheet": "Reading",
    "data.table": "Kind Table",
    "data.tables": "read_table",
    "discovery": "Discovery discover estimate_effect",
    "graph": "Graph Knowledge",
    "graph.formats": "read_graph write_graph",
    "scm": "SCM",
    "system": "check counterfactual effect load",
    "workflow.ask": "ask",
    "workflow.bench": "bench",
    "workflow.estimator": "sklearn",
    "workflow.run": "Fit fit",
}
__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names.split()})
