"""What a language model says of directions that the data leave open, and where data and model disagree.

A model's answer about a pair orients an edge that the data leave open, the surest answers first, and is dropped where
the data contradict it: against an arrow that the data compel, or where it would close a cycle or make a collider that
the data deny. What a model says of directions inside a class of equivalent graphs no data can refute. So
the pairs of which the data tell the direction test it first (a path may lead from one to the other and none back, in
every graph of the class): where it is no better on those than a coin, or they are too few to tell, it orients nothing,
and its answers are listed all the same.

A coin takes the pairs for independent. Those that share variables are not: a model that has the variables in an order
by chance, and so agrees with itself, is right or wrong of many of them together. `strict` asks it to be better than
that too; both probabilities are told.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from aitia.errors import GraphError, OptionError
from aitia.graph import Graph, Knowledge, apply
from aitia.systems.pywhy_llm.verdicts import Verdict

__all__ = ["Consulted", "chances", "consulted", "pairs_of"]

ALL_PAIRS = 10
"""Up to so many variables all pairs are asked about; with more those that the graph joins."""
CHANCE = 0.1
"""A model is trusted where a coin would be right as often with at most this probability; `strict`: an order too."""
ORDERS = 1_999
"""Chance orders that are drawn, always the same ones."""
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
        coin: How probable it is that a coin is right of as many.
        order: How probable it is that an order of the variables by chance is.
        trusted: Whether its answers were used.
        asked: How many pairs.
        firsts: How often it chose the first option.
        silent: How often it named no option.
        times: How often it was asked.
    """

    graph: Graph
    oriented: tuple[Edge, ...]
    contradicted: tuple[tuple[Edge, str], ...]
    untestable: tuple[Edge, ...]
    denied: tuple[Edge, ...]
    undecided: tuple[Edge, ...]
    agreed: int
    told: int
    coin: float
    order: float
    trusted: bool
    asked: int
    firsts: int = 0
    silent: int = 0
    times: int = 0

    @property
    def reason(self) -> str:
        """What was done, in a sentence."""
        tested = "the data tell no direction that it could be tested on"
        if self.told:
            tested = (
                f"right on {self.agreed} of the {self.told} directions that the data tell (a coin is as often with "
                f"probability {self.coin:.2g}, an order of the variables by chance with {self.order:.2g})"
            )
        if self.trusted:
            done = f"{len(self.oriented)} edges that the data leave open point as it says" if self.oriented else (
                "nothing that the data leave open was pointed by it"
            )  # fmt: skip
        else:
            done = "so it points nothing (chance might do as well; --trust always lets it)"
        return f"The model was asked about {self.asked} pairs: {tested}; {done}."

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where data and model disagree, and what these data cannot test, in sentences."""
        found = []
        if self.contradicted:
            by: dict[str, list[str]] = {}
            for (a, b), why in self.contradicted:
                by.setdefault(why, []).append(f"{a} -> {b}")
            told = "; ".join(f"{', '.join(edges)} ({why})" for why, edges in by.items())
            found.append(f"The data contradict the model: {told}.")
        if self.denied:
            found.append(f"The data join what the model says is unrelated: {_pairs(self.denied)}.")
        if self.undecided:
            which = f"all {self.asked} pairs" if len(self.undecided) == self.asked else _pairs(self.undecided)
            found.append(
                f"Asked both ways round, the model is undecided about {which}; of {self.times} answers {self.firsts} "
                f"chose the first option and {self.silent} named none."
            )
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
        trust: `tested`: answers are used where they are right on what the data tell more often than a coin; `strict`:
            and than an order of the variables by chance; `always`; `never`.

    Raises:
        OptionError: If trust is none of these.
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
    told = {
        edge: _may_lead(graph, *edge) for edge, _ in claims if _may_lead(graph, *edge) != _may_lead(graph, *edge[::-1])
    }
    coin, order = chances(told)
    trusting = {"tested": coin <= CHANCE, "strict": max(coin, order) <= CHANCE, "always": True, "never": False}
    if trust not in trusting:
        raise OptionError(f"trust is {', '.join(trusting)}, got {trust!r}")
    trusted = trusting[trust]
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
    said = [one for verdict in verdicts for one in verdict.said]
    counted = (sum(v.firsts for v in verdicts), said.count(None), len(said))
    return Consulted(current, *listed, sum(told.values()), len(told), coin, order, trusted, len(pairs), *counted)


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
        if _may_lead(graph, b, a):
            return "the data separate them, and a path may lead the other way alone"
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


def chances(told: Mapping[Edge, bool]) -> tuple[float, float]:
    """How probable it is that chance is right as often: a coin for each pair, and one order of all variables.

    All orders are alike probable, and the direction of each pair follows from the order. Where no two pairs share a
    variable that is a coin.

    Args:
        told: Edges that were named of pairs whose direction the data tell, and whether that is it.

    Returns:
        Two probabilities, 1 where there is no pair; the second from `ORDERS` orders.

    Example:
        >>> star = {("age", effect): True for effect in ("cure", "dose", "pain", "weight")}
        >>> coin, order = chances(star)  # an order has age first once in five
        >>> coin, round(order, 2)
        (0.0625, 0.2)
    """
    right, tries = sum(told.values()), len(told)
    if not tries:
        return 1.0, 1.0
    coin = sum(math.comb(tries, k) for k in range(right, tries + 1)) / 2**tries
    names = sorted({name for edge in told for name in edge})  # so that the order of the columns does not matter
    place = {name: k for k, name in enumerate(names)}
    ranks = np.argsort(np.random.default_rng(0).random((ORDERS, len(names))), axis=1)
    agreed = np.zeros(ORDERS, dtype=np.int64)
    for edge, is_so in told.items():
        cause, effect = edge if is_so else edge[::-1]
        agreed += ranks[:, place[cause]] < ranks[:, place[effect]]
    return coin, (1 + int((agreed >= right).sum())) / (1 + ORDERS)


def _pairs(edges: Sequence[Edge]) -> str:
    return ", ".join(f"{a} - {b}" for a, b in edges)
