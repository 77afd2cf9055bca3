"""Instruments: what moves a treatment and reaches the outcome by that alone, so that confounding can be got round.

Z is a conditional instrument for the effect of X on Y given W when, with F the nodes on causal paths from X to Y (X
itself left out) and all their descendants,

    relevant   W leaves Z and X m-connected
    excluded   W m-separates Z from Y once the first edge of every causal path from X to Y is removed
    allowed    neither Z nor W has a node of F, or X

In a linear model the effect of X on Y is then cov(Z, Y | W) / cov(Z, X | W) [3, theorem 1]. Where X --> Y is the only
causal path these are the conditions of Brito and Pearl [1], who ask of W only that Y does not cause it: with a longer
path they give the direct effect, and the ones here the total effect.

To find a W for a given Z is NP-hard, but if any conditional instrument exists, so does an ancestral one: one whose W
are ancestors of Y and Z. For these the separator nearest to Y decides [2].

References:
    [1] Brito and Pearl, Generalized instrumental variables, UAI 2002.
    [2] van der Zander, Textor, Liskiewicz, Efficiently finding conditional instruments for causal inference, IJCAI
        2015, theorems 1 and 2.
    [3] Henckel, Buttenschoen, Maathuis, Graphical tools for selecting conditional instrumental sets, Biometrika 111
        (2024).
"""

from collections.abc import Iterator
from typing import NamedTuple

from aitia.errors import GraphError, join_names
from aitia.graph._question import Nodes, Question, _m_connected, given_text, pose, shortest_open_path, write_path
from aitia.graph.bits import bits, closure
from aitia.graph.graph import Graph
from aitia.graph.separation import _nearest_separator

__all__ = ["Instrument", "instruments", "instruments_of", "is_instrument", "why_not_instrument"]


class Instrument(NamedTuple):
    """A variable that is an instrument given others."""

    name: str
    given: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}{' given ' + join_names(self.given) if self.given else ''}"


def instruments(
    graph: Graph, treatment: str, outcome: str, *, conditional: bool = False, latent: Nodes = ()
) -> tuple[Instrument, ...]:
    """Every variable that is an instrument for the effect of a treatment on an outcome, in node order.

    Args:
        graph: A DAG or ADMG.
        treatment: One name.
        outcome: One name.
        conditional: Whether instruments that need others to be held fixed count as well: of each variable that is an
            instrument given ancestors of it and of the outcome, one smallest set of these. There is one wherever there
            is any conditional instrument. Without, only those that are instruments given nothing.
        latent: Names that are not observed: neither instrument nor given.

    Raises:
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is neither a DAG nor an ADMG, treatment and outcome are the same, or one is latent.

    Example:
        >>> instruments(Graph("z -> x -> y; x <-> y"), "x", "y")
        (Instrument(name='z', given=()),)
        >>> graph = Graph("z -> x -> y; x <-> y; z <- w -> y")
        >>> instruments(graph, "x", "y"), instruments(graph, "x", "y", conditional=True)
        ((), (Instrument(name='z', given=('w',)),))
    """
    return tuple(instruments_of(*_posed(graph, treatment, outcome, latent), conditional))


def instruments_of(question: Question, hidden: int, conditional: bool) -> Iterator[Instrument]:
    """The instruments for one treatment and one outcome in a DAG or ADMG, in node order.

    Those that need nothing given take two sweeps for all together, each of the others a few of its own.
    """
    graph, names = question.graph, question.graph.nodes
    if not question.causal:
        return
    free = ((1 << len(graph)) - 1) & ~(question.x | question.y | question.forbidden | hidden)
    # With nothing given, what joins Z and Y joins Y and Z.
    reached, moving = _m_connected(question.backdoor, question.y, 0), _m_connected(graph, question.x, 0)
    # What the empty set separates from Y has no nearer separator, and if it does not move X then, no ancestral one.
    for i in bits(free & (moving & ~reached | (reached if conditional else 0))):
        given = _ancestral(question, 1 << i, free) if reached >> i & 1 else 0
        if given is not None:
            yield Instrument(names[i], graph.names(given))


def is_instrument(
    graph: Graph, instrument: str, treatment: str, outcome: str, given: Nodes = (), *, latent: Nodes = ()
) -> bool:
    """Whether a variable is an instrument for the effect of a treatment on an outcome, given others.

    Args:
        graph: A DAG or ADMG.
        instrument: The variable.
        treatment: One name.
        outcome: One name.
        given: What is held fixed.
        latent: Names that are not observed.

    Raises:
        UnknownVariableError: If a name is not in the graph.
        GraphError: If the graph is neither a DAG nor an ADMG, treatment and outcome are the same, or one is latent.

    Example:
        >>> is_instrument(Graph("z -> x -> y; x <-> y"), "z", "x", "y")
        True
    """
    return why_not_instrument(graph, instrument, treatment, outcome, given, latent=latent) is None


def why_not_instrument(
    graph: Graph, instrument: str, treatment: str, outcome: str, given: Nodes = (), *, latent: Nodes = ()
) -> str | None:
    """What keeps a variable from being an instrument, as a clause that names node or path; None when it is one.

    Arguments and errors are those of `is_instrument`.

    Example:
        >>> why_not_instrument(Graph("z -> x -> y; x <-> y; z -> y"), "z", "x", "y")
        'z reaches y past x: the path z --> y is open'
    """
    question, hidden = _posed(graph, treatment, outcome, latent)
    z, w = graph.mask([instrument]), graph.mask(given)
    if not question.causal:
        return f"{treatment} does not cause {outcome}"
    if unseen := (z | w) & hidden:
        return f"{join_names(graph.names(unseen))} is not observed"
    return _fault(question, z, w)


def _posed(graph: Graph, treatment: str, outcome: str, latent: Nodes) -> tuple[Question, int]:
    """The question of the effect, and what is not observed."""
    if not graph.is_admg:
        raise GraphError("instruments are read from --> and <-> without directed cycles: a DAG or ADMG")
    question, hidden = pose(graph, [treatment], [outcome]), graph.mask(latent)
    if both := hidden & (question.x | question.y):
        raise GraphError(f"{join_names(graph.names(both))} cannot be latent: treatment and outcome are observed")
    return question, hidden


def _fault(question: Question, z: int, w: int) -> str | None:
    """Why Z given W is no instrument, or None."""
    graph, names = question.graph, question.graph.names
    x, y, whole = names(question.x)[0], names(question.y)[0], names(z)[0]
    ends = question.x | question.y
    if z & ends:
        return f"{whole} is treatment or outcome itself"
    if bad := w & (ends | z):
        return f"{join_names(names(bad))} cannot be given: treatment, outcome or instrument itself"
    if bad := (z | w) & question.forbidden:
        return f"{names(bad)[0]} lies on a causal path from {x} to {y} or comes after it"
    if not _m_connected(graph, z, w) & question.x:
        return f"{whole} does not move {x}: no path joins them{given_text(names(w))}"
    if _m_connected(question.backdoor, z, w) & question.y:
        path = write_path(graph, *shortest_open_path(question.backdoor, z, question.y, w))
        return f"{whole} reaches {y} past {x}: the path {path} is open{given_text(names(w))}"
    return None


def _ancestral(question: Question, z: int, free: int) -> int | None:
    """A smallest W of ancestors of Z and Y with which Z is an instrument: the separator nearest to Y, or none."""
    backdoor, y = question.backdoor, question.y
    w = _nearest_separator(backdoor, y, z, 0, free & ~z, closure(backdoor._parents, y | z))
    return w if w is not None and _m_connected(question.graph, z, w) & question.x else None
