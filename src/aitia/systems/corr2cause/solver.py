"""The exact answer: from the statements of a premise to its equivalence class, and what holds in all of it.

Two variables are joined where no set separates them; a common neighbour of two that are apart is a collider where it
stands in no set that separates them; Meek's rules do the rest. A premise is taken only where the class that this gives
has exactly the independences that are stated; else a statement that cannot stand beside the others is named.
"""

from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, GraphError
from aitia.graph.enumeration import markov_equivalence_class
from aitia.graph.equivalence import meek
from aitia.graph.graph import Graph
from aitia.graph.pair_relations import RELATIONS, Reading, pair_relations
from aitia.graph.separation import Independence
from aitia.graph.unlabelled import MOST_NODES, ancestors, code_of_graph, graph_of_code, parents, separated
from aitia.worlds.correlation_bank import ENTAILED
from aitia.worlds.correlation_text import Hypothesis, Premise, read_hypothesis, read_premise, sentence_of

__all__ = ["answer", "members", "read", "relation"]


def answer(premise: str, hypothesis: str, reading: Reading = "path") -> bool:
    """Whether a hypothesis follows from a premise, both in words.

    Raises:
        DataError: If either cannot be read, or no causal graph has the statements; names the statement.

    Example:
        >>> opening = "Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations "
        >>> opening += "among these 3 variables are as follows: "
        >>> answer(opening + "A correlates with C. B correlates with C. However, A is independent of B.",
        ...        "A directly causes C.")
        True
    """
    known = read(premise)
    return relation(known, read_hypothesis(hypothesis, known.names), reading) == "entailment"


def relation(premise: Premise, asked: Hypothesis, reading: Reading = "path") -> str:
    """`entailment`, `neutral` or `contradiction`: whether a hypothesis holds in all, some or none of the graphs."""
    n = len(premise.names)
    i, j = premise.names.index(asked.x), premise.names.index(asked.y)
    kind = asked.kind
    if i > j:
        i, j, kind = j, i, {"parent": "child", "ancestor": "descendant"}.get(kind, kind)
    pair = i * n - i * (i + 1) // 2 + j - i - 1
    held = _held(premise, reading)[:, pair, RELATIONS.index(kind)]
    return ENTAILED[int(held.all()) + int(held.any())]


@lru_cache(maxsize=4096)
def read(premise: str) -> Premise:
    """`read_premise`, remembered."""
    return read_premise(premise)


@lru_cache(maxsize=4096)
def _held(premise: Premise, reading: Reading) -> NDArray[np.bool_]:
    codes = np.array([code_of_graph(graph) for graph in members(premise)], dtype=np.int64)
    return pair_relations(codes, len(premise.names), reading)


@lru_cache(maxsize=4096)
def members(premise: Premise) -> tuple[Graph, ...]:
    """Every causal graph that the premise leaves.

    Raises:
        DataError: If there is none, or there are more than 7 variables; names the statement at fault.
    """
    names, n = premise.names, len(premise.names)
    if n > MOST_NODES:
        raise DataError(f"a premise is answered for up to {MOST_NODES} variables, this one has {n}")
    _check_pairs(premise)
    separating: dict[tuple[int, int], list[Independence]] = {pair: [] for pair in combinations(range(n), 2)}
    for one in premise.independent:
        i, j = sorted((names.index(one.x), names.index(one.y)))
        separating[i, j].append(one)
    code, why = _pattern(names, separating)
    try:
        # Names of variables may hold spaces, which those of a graph in words may not.
        found = tuple(markov_equivalence_class(meek(graph_of_code(code, [f"v{k}" for k in range(n)]))))
    except GraphError:
        told = " ".join(repr(sentence_of(one)) for one in dict.fromkeys(why.values())) or "those of the skeleton"
        raise DataError(
            f"no causal graph has these statements together: the directions that follow from {told} contradict each "
            "other"
        ) from None
    _check_independences(premise, found[0])
    return found


def _pattern(
    names: tuple[str, ...], separating: dict[tuple[int, int], list[Independence]]
) -> tuple[int, dict[tuple[int, int], Independence]]:
    """Skeleton and colliders as a number, and the statement behind each direction."""
    n, code = len(names), 0
    for (i, j), sets in separating.items():
        if not sets:
            code |= 1 << (n * i + j) | 1 << (n * j + i)
    joined = [code >> (n * i) & ((1 << n) - 1) for i in range(n)]
    why: dict[tuple[int, int], Independence] = {}
    for pair, sets in separating.items():
        for c in range(n):
            if sets and joined[pair[0]] & joined[pair[1]] & 1 << c and names[c] not in sets[0].given:
                why |= {(end, c): sets[0] for end in pair}
    for a, b in why:
        if (b, a) in why:
            told = [sentence_of(why[edge]) for edge in ((a, b), (b, a))]
            raise DataError(f"no causal graph has both {told[0]!r} and {told[1]!r} beside the other statements")
        code &= ~(1 << (n * b + a))
    return code, why


def _check_independences(premise: Premise, graph: Graph) -> None:
    """Refuses a premise that states what the graph of its other statements does not have, or leaves out what it has."""
    names, n = premise.names, len(premise.names)
    into = parents(np.array([code_of_graph(graph)], dtype=np.int64), n)
    above = ancestors(into)
    stated = {(frozenset((x, y)), frozenset(given)) for x, y, given in premise.independent}
    for (i, x), (j, y) in combinations(enumerate(names), 2):
        for given in range(1 << n):
            if given & (1 << i | 1 << j):
                continue
            those = tuple(name for k, name in enumerate(names) if given >> k & 1)
            holds = bool(separated(above, into, i, j, given)[0])
            if holds != ((frozenset((x, y)), frozenset(those)) in stated):
                sentence = sentence_of(Independence(x, y, those))
                wrong = "is not stated, and must hold" if holds else "is stated, and does not hold"
                raise DataError(f"no causal graph has these statements: {sentence!r} {wrong} where the others do")


def _check_pairs(premise: Premise) -> None:
    """Each pair is said to be dependent by itself, or independent, and not both."""
    dependent = {frozenset(pair) for pair in premise.dependent}
    alone = {frozenset((one.x, one.y)) for one in premise.independent if not one.given}
    for x, y in combinations(premise.names, 2):
        pair = frozenset((x, y))
        if pair in dependent & alone:
            raise DataError(f"the premise says both '{x} correlates with {y}.' and '{x} is independent of {y}.'")
        if pair not in dependent | alone:
            raise DataError(f"the premise says neither that {x} correlates with {y} nor that they are independent")
