"""Causal graphs: one type, what follows from it, how far two are apart, and every format in and out."""

from aitia.graph._sides import Distance
from aitia.graph.adjustment import (
    adjustment_set,
    adjustment_sets,
    is_adjustment_set,
    is_backdoor_set,
    why_not_adjustment_set,
)
from aitia.graph.comparison import Comparison, compare
from aitia.graph.distances import (
    Scores,
    adjacency_scores,
    ancestor_aid,
    arrowhead_scores,
    oset_aid,
    parent_aid,
    shd,
    sid,
    sid_bounds,
)
from aitia.graph.enumeration import count_class, markov_equivalence_class, sample_member
from aitia.graph.equivalence import (
    consistent_extension,
    cpdag,
    is_cpdag,
    is_mag,
    is_pag,
    mag,
    markov_equivalent,
    meek,
    member_mag,
    pag,
    unshielded_colliders,
)
from aitia.graph.estimands import Estimand
from aitia.graph.front_door import front_door_set, is_front_door_set
from aitia.graph.graph import Graph
from aitia.graph.identification import Identification, identify
from aitia.graph.instruments import Instrument, instruments, is_instrument, why_not_instrument
from aitia.graph.knowledge import Knowledge, apply
from aitia.graph.lagged import is_stationary, lag_of, lagged_effects, lagged_name, summary, unroll, variable_of
from aitia.graph.marks import Edge, Mark
from aitia.graph.open_triples import decided
from aitia.graph.roles import Roles
from aitia.graph.separation import (
    Independence,
    implied_independencies,
    is_minimal_separator,
    is_separated,
    markov_blanket,
    minimal_separator,
)

__all__ = [
    "Comparison",
    "Distance",
    "Edge",
    "Estimand",
    "Graph",
    "Identification",
    "Independence",
    "Instrument",
    "Knowledge",
    "Mark",
    "Roles",
    "Scores",
    "adjacency_scores",
    "adjustment_set",
    "adjustment_sets",
    "ancestor_aid",
    "apply",
    "arrowhead_scores",
    "compare",
    "consistent_extension",
    "count_class",
    "cpdag",
    "decided",
    "front_door_set",
    "identify",
    "implied_independencies",
    "instruments",
    "is_adjustment_set",
    "is_backdoor_set",
    "is_cpdag",
    "is_front_door_set",
    "is_instrument",
    "is_mag",
    "is_minimal_separator",
    "is_pag",
    "is_separated",
    "is_stationary",
    "lag_of",
    "lagged_effects",
    "lagged_name",
    "mag",
    "markov_blanket",
    "markov_equivalence_class",
    "markov_equivalent",
    "meek",
    "member_mag",
    "minimal_separator",
    "oset_aid",
    "pag",
    "parent_aid",
    "sample_member",
    "shd",
    "sid",
    "sid_bounds",
    "summary",
    "unroll",
    "unshielded_colliders",
    "variable_of",
    "why_not_adjustment_set",
    "why_not_instrument",
]
