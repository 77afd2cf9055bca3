"""What a language model says of directions that the data leave open, and where data and model disagree.

A model's answer about a pair orients an edge that the data leave open, the surest answers first, and is dropped where
the data contradict it: against an arrow that the data compel, or where it would close a cycle or make a collider that
the data deny. What a model says of directions inside a class of equivalent graphs no data can refute. So
the pairs of which the data tell the direction test it first (a path may lead from one to the other and none back, in
every graph of the class): where it is no better on those than a coin, or they are too few to tell, it orients nothing,
and its answers are listed all the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from aitia.errors import GraphError
from aitia.graph import Graph, Knowledge, apply
from aitia.systems.pywhy_llm.verdicts import Verdict

__all__ = ["Consulted", "consulted", "pairs_of"]

ALL_PAIRS = 10
"""Up to so many variables all pairs are asked about; with more those that the graph joins."""
CHANCE = 0.1
"""A model is trusted where a coin would be right as often with at most this probability."""
Edge = tuple[str, str]


@dataclass(frozen=True)
class Consulted:
    """What came of asking.

    Args:
        graph: With what the answers oriented.
        oriented: (cause, effect) of edges that an answer oriented, and what followed from it by Meek's rules.
        contradicted: Answers that the data contradict, each with the sentence that says how.
        untestable: Answers about open edges, which these data cannot test: those used and those not.
        denied: Edges of the graph of which the model says that neither causes the other.
        undecided: Pairs that it answered differently in two orders, or not at all.
        agreed: In how many of the pairs whose direction the data tell it was right.
        told: Of how many that it gave a direction.
        trusted: Whether its answers were used.
        asked: How many pairs.
    """

    graph: Graph
    oriented: tuple[Edge, ...]
    contradicted: tuple[tuple[Edge, str], ...]
    untestable: tuple[Edge, ...]
    denied: tuple[Edge, ...]
    undecided: tuple[Edge, ...]
    agreed: int
    told: int
    trusted: bool
    asked: int

    @property
    def reason(self) -> str:
        """What was done, in a sentence."""
        tested = "the data tell no direction that it could be tested on"
        if self.told:
            tested = f"right on {self.agreed} of the {self.told} directions that the data tell"
        if self.trusted:
            done = f"{len(self.oriented)} edges that the data leave open point as it says" if self.oriented else (
                "nothing that the data leave open was pointed by it"
            )  # fmt: skip
        else:
            done = "so it points nothing (a coin might do as well; --trust always lets it)"
        return f"The model was asked about {self.asked} pairs: {tested}; {done}."

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where data and model disagree, and what these data cannot test, in sentences."""
        found = []
        if self.contradicted:
            told = "; ".join(f"{a} -> {b} ({why})" for (a, b), why in self.contradicted)
            found.append(f"The data contradict the model: {told}.")
        if self.denied:
            found.append(f"The data join what the model says is unrelated: {_pairs(self.denied)}.")
        if self.undecided:
            found.append(f"Asked both ways round, the model is undecided about {_pairs(self.undecided)}.")
        if self.untestable:
            found.append(f"These data cannot test what the model says of {_pairs(self.untestable)}.")
        return tuple(found)

    def reasons(self, name: str) -> dict[Edge, str]:
        """For each arrow that an answer oriented, why it points so."""
        return dict.fromkeys(self.oriented, f"{name} says so, and the data leave it open")


def pairs_of(graph: Graph) -> list[Edge]:
    """The pairs that a model is asked about: all of few variables, of more those that the graph joins."""
    joined = {frozenset((edge.left, edge.right)) for edge in graph.edges}
    every = len(graph) <= ALL_PAIRS
    return [pair for pair in combinations(graph.nodes, 2) if every or frozenset(pair) in joined]


def consulted(graph: Graph, pairs: Sequence[Edge], verdicts: Sequence[Verdict], *, trust: str = "tested") -> Consulted:
    """What becomes of a graph by answers about pairs.

    Args:
        graph: A CPDAG or DAG.
        pairs: That were asked about.
        verdicts: Of each.
        trust: `tested`: answers are used where they are right on what the data compel; `always`; `never`.
    """
    arrows = {(edge.left, edge.right) for edge in graph.edges if edge.symbol == "-->"}
    opened = {frozenset((edge.left, edge.right)) for edge in graph.edges if edge.symbol == "---"}
    claims: list[tuple[Edge, float]] = []
    denied, undecided = [], []
    for (a, b), verdict in zip(pairs, verdicts, strict=True):
        if verdict.answer in ("->", "<-"):
            claims.append(((a, b) if verdict.answer == "->" else (b, a), verdict.confidence))
        elif verdict.answer == "neither":
            if {(a, b), (b, a)} & arrows or frozenset((a, b)) in opened:
                denied.append((a, b))
        else:
            undecided.append((a, b))
    told = [_may_lead(graph, *edge) for edge, _ in claims if _may_lead(graph, *edge) != _may_lead(graph, *edge[::-1])]
    trusted = trust == "always" or (trust == "tested" and _better_than_a_coin(sum(told), len(told)))
    contradicted = [
        (edge, why) for edge, _ in claims if (why := _contradiction(graph, edge, arrows, opened)) is not None
    ]
    current, used = graph, list[Edge]()
    required, untestable = list[Edge](), list[Edge]()
    for edge, _ in sorted(claims, key=lambda claim: -claim[1]):
        if frozenset(edge) not in opened:
            continue
        try:
            following = apply(graph, Knowledge(required=[*required, edge]))
        except GraphError:
            contradicted.append((edge, "with what surer answers say it closes a cycle or makes a collider"))
            continue
        untestable.append(edge)
        if trusted:
            required.append(edge)
            current = following
    if trusted:
        now = {(edge.left, edge.right) for edge in current.edges if edge.symbol == "-->"}
        used = sorted(now - arrows)
    listed = (tuple(used), tuple(contradicted), tuple(untestable), tuple(denied), tuple(undecided))
    return Consulted(current, *listed, sum(told), len(told), trusted, len(pairs))


def _contradiction(graph: Graph, edge: Edge, arrows: set[Edge], opened: set[frozenset[str]]) -> str | None:
    """How the data contradict that a causes b; None where they do not."""
    a, b = edge
    if (b, a) in arrows:
        return f"the data compel {b} -> {a}"
    if frozenset(edge) in opened or (a, b) in arrows:
        return None
    if a in graph.descendants(b):
        return f"{b} causes {a} by way of others"
    if not _may_lead(graph, a, b):
        return "the data separate them, and no path leads from one to the other"
    return None


def _may_lead(graph: Graph, a: str, b: str) -> bool:
    """Whether a path from a to b has no arrow against it."""
    seen, left = {a}, [a]
    while left:
        at = left.pop()
        for edge in graph.edges:
            for one, other in ((edge.left, edge.right), (edge.right, edge.left)):
                along = edge.symbol == "---" or (edge.left == one and edge.symbol == "-->")
                if one == at and along and other not in seen:
                    seen.add(other)
                    left.append(other)
    return b in seen


def _better_than_a_coin(right: int, tries: int) -> bool:
    """Whether a coin would be right as often with at most `CHANCE`."""
    return tries > 0 and sum(math.comb(tries, k) for k in range(right, tries + 1)) / 2**tries <= CHANCE


def _pairs(edges: Sequence[Edge]) -> str:
    return ", ".join(f"{a} - {b}" for a, b in edges)
