"""The question to a graph with open triples: to the members of each class that decides them.

The classes say different things of the rows, so that mechanisms fitted along a member of one are no answer of another:
the adjustment formula stands for them, with a set that is valid in all classes where there is one, else with the
parents that what is set has in a member (IDA).

References:
    Maathuis, Kalisch and Buehlmann, Estimating high-dimensional intervention effects from observational data, Annals of
    Statistics 37 (2009).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from aitia.discovery.effects.members import MOST_MEMBERS, members, open_edges
from aitia.discovery.effects.question import Asked, _identified, part_of, targets_of
from aitia.do import Intervention
from aitia.errors import IdentifiabilityError
from aitia.graph import Edge, Graph, Identification, decided
from aitia.graph.open_triples import told_apart

__all__ = ["each_class"]

_FORMULAS = ("adjustment", "no-effect")


def each_class(graph: Graph, sides: Sequence[Intervention], outcome: str, answer: Identification) -> Asked:
    """The question to the graph, or to each member of its classes that answers it in its own way.

    Args:
        graph: A PDAG with open triples.
        sides: What is done, and what it is compared with.
        outcome: What is watched.
        answer: Of the graph itself.

    Raises:
        IdentifiabilityError: If more than 64 members answer in their own way.
        CostError: If open triples can be decided in more than 256 ways, or too many edges at the targets are open.
    """
    targets = targets_of(*sides)
    if answer.identified and answer.method in _FORMULAS:
        return Asked((part_of(graph, answer, targets, outcome, (), hidden=True),), (answer,))
    parts: dict[str, tuple[Graph, Identification]] = {}
    said: list[tuple[Graph, frozenset[str]]] = []
    edges: dict[Edge, None] = {}
    for reading in decided(graph):
        keys = set()
        edges.update(dict.fromkeys(open_edges(reading, targets)))
        for part, one in _answers(reading, sides, outcome):
            keys.add(str(part))
            parts.setdefault(str(part), (part, one))
            if len(parts) > MOST_MEMBERS:
                raise IdentifiabilityError(
                    f"{answer.reason}; more than {MOST_MEMBERS} members of its classes answer in their own way: say "
                    "what is known (--knowledge)"
                )
        said.append((reading, frozenset(keys)))
    pairs = [told_apart(graph, one, other) for (one, this), (other, that) in combinations(said, 2) if this != that]
    found = list(parts.values())
    open_there = tuple(edges) if any(len(keys) > 1 for _, keys in said) else ()
    return Asked(
        tuple(part for part, _ in found),
        tuple(one for _, one in found),
        open_there,
        open_triples=min(pairs, key=len, default=()),
    )


def _answers(reading: Graph, sides: Sequence[Intervention], outcome: str) -> Iterator[tuple[Graph, Identification]]:
    """How the members of one class answer: one for each set of parents that what is set has."""
    targets = targets_of(*sides)
    for dag in members(reading, targets):
        one = _identified(dag, sides, outcome, (), "auto")
        if one.method == "adjustment" and len(targets) == 1:
            one = replace(one, adjustment=dag.parents(targets[0]))
        yield part_of(dag, one, targets, outcome, (), hidden=one.method in _FORMULAS), one
