"""Every format that people keep causal graphs in, both ways, with the direction always explicit."""

from aitia.graph.formats.admgs import from_ananke, from_y0, to_ananke, to_y0
from aitia.graph.formats.bif import BayesianNetwork, from_bif, read_bif, to_bif, write_bif
from aitia.graph.formats.dagitty import from_dagitty, parse_dagitty, to_dagitty
from aitia.graph.formats.dot import from_dot, to_dot
from aitia.graph.formats.files import read_graph, read_graph_and_roles, write_graph
from aitia.graph.formats.matrices import from_causallearn, from_pcalg_amat, to_causallearn, to_pcalg_amat
from aitia.graph.formats.networks import from_gml, from_graphml, from_networkx, to_gml, to_graphml, to_networkx
from aitia.graph.formats.plain import from_csv, from_json, to_csv, to_json

__all__ = [
    "BayesianNetwork",
    "from_ananke",
    "from_bif",
    "from_causallearn",
    "from_csv",
    "from_dagitty",
    "from_dot",
    "from_gml",
    "from_graphml",
    "from_json",
    "from_networkx",
    "from_pcalg_amat",
    "from_y0",
    "parse_dagitty",
    "read_bif",
    "read_graph",
    "read_graph_and_roles",
    "to_ananke",
    "to_bif",
    "to_causallearn",
    "to_csv",
    "to_dagitty",
    "to_dot",
    "to_gml",
    "to_graphml",
    "to_json",
    "to_networkx",
    "to_pcalg_amat",
    "to_y0",
    "write_bif",
    "write_graph",
]
