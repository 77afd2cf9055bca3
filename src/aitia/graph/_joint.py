"""Adjustment in a graph with open triples: a set counts where it is valid however they are decided.

Where few variables may be in a set all sets are looked through, the smallest first, so that the answer is complete. No
polynomial criterion is known for several classes at once: beyond that the sets of each class are tried on all others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from aitia.errors import CostError, IdentifiabilityError, join_names
from aitia.graph._question import Nodes, Question, ReadAs, graph_kind, pose, union
from aitia.graph.bits import bits, closure
from aitia.graph.graph import Graph
from aitia.graph.marks import Triple
from aitia.graph.open_triples import decided

__all__ = ["Joint", "decides", "where"]

FEW = 12
"""Variables of which all sets are looked through, at most."""


def where(graph: Graph, reading: Graph) -> str:
    """What a graph that decides the open triples says of them, as the end of a sentence.

    Example:
        >>> graph = Graph("a --- b --- c; a ? b ? c")
        >>> print(where(graph, decided(graph)[1]))
        where a --> b <-- c
    """
    told = []
    for (i, j, k), (a, b, c) in zip(graph._open, graph.open_triples, strict=True):
        collider = reading._parents[j] >> i & 1 and reading._parents[j] >> k & 1
        told.append(f"{a} --> {b} <-- {c}" if collider else f"{b} is no collider between {a} and {c}")
    return f"where {join_names(told[:3])}{'' if len(told) < 4 else ' and so on'}"


def decides(triples: Sequence[Triple]) -> str:
    """Which open triples decide, in words.

    Example:
        >>> print(decides([("a", "b", "c")]))
        whether b is a collider between a and c decides the effect
    """
    told = ", ".join(f"{b} is a collider between {a} and {c}" for a, b, c in triples[:3])
    return f"whether {told}{' and so on' if triples[3:] else ''} decides the effect"


@dataclass(frozen=True)
class Joint:
    """The question to each graph that decides the open triples."""

    graph: Graph
    questions: tuple[Question, ...]

    @classmethod
    def of(cls, graph: Graph, treatment: Nodes, outcome: Nodes, read_as: ReadAs = "auto") -> "Joint":
        """Poses the question; errors are those of `pose` and `decided`."""
        graph_kind(graph, read_as)
        treatment, outcome = (name if isinstance(name, str) else list(name) for name in (treatment, outcome))
        return cls(graph, tuple(pose(one, treatment, outcome) for one in decided(graph)))

    def fault(self, z: int) -> str | None:
        """Why Z is not valid in each of them, with the one where it is not; None where it is."""
        for question in self.questions:
            if (fault := question.fault(z)) is not None:
                return self._where(fault, question)
        return None

    def first(self, kind: str, include: Nodes, restrict: Nodes | None, latent: Nodes) -> int:
        """One set, minimal or canonical, that is valid in all.

        Raises:
            IdentifiabilityError: If there is none, or where there are many variables none was found.
        """
        included, allowed = self._bounds(include, restrict, latent)
        above = self._ancestors(included)
        if kind == "canonical":
            z = allowed & above | included
            if (fault := self.fault(z)) is not None:
                raise IdentifiabilityError(f"{self._head} has no canonical set: {fault}; ask for a minimal one")
            return z
        rest = allowed & above & ~included
        if rest.bit_count() <= FEW:
            found = next(self._by_size(included, rest, minimal=True), None)
        else:
            found = self._tried(included, rest)
        if found is None:
            raise IdentifiabilityError(self._none(included, rest))
        return found

    def all(self, minimal: bool, include: Nodes, restrict: Nodes | None, latent: Nodes) -> Iterator[int]:
        """Every set, or every minimal one, that is valid in all, the smallest first.

        Raises:
            IdentifiabilityError: If there is none.
            CostError: If more than twelve variables may be in a set.
        """
        included, allowed = self._bounds(include, restrict, latent)
        rest = (allowed & self._ancestors(included) if minimal else allowed) & ~included
        if rest.bit_count() > FEW:
            raise CostError(
                f"{rest.bit_count()} variables may be in a set, and of a graph with open triples the sets of at most "
                f"{FEW} are listed: restrict= says which"
            )
        none = True
        for z in self._by_size(included, rest, minimal):
            none = False
            yield z
        if none:
            raise IdentifiabilityError(self._none(included, rest))

    def same(self, sets: Sequence[int], kind: str) -> int:
        """The set of this kind that all of them have.

        Raises:
            IdentifiabilityError: If they differ, or it is not valid.
        """
        if len(set(sets)) > 1:
            raise IdentifiabilityError(
                f"{self._head} has no {kind} set: it is another one where the open triples are decided otherwise; ask "
                "for a minimal one"
            )
        return sets[0]

    # -- steps ----------------------------------------------------------------------------------------------------

    @property
    def _head(self) -> str:
        return self.questions[0].head()

    def _where(self, fault: str, question: Question) -> str:
        return f"{fault}, {where(self.graph, question.graph)}"

    def _bounds(self, include: Nodes, restrict: Nodes | None, latent: Nodes) -> tuple[int, int]:
        include, latent = ([given] if isinstance(given, str) else list(given) for given in (include, latent))
        restrict = restrict if restrict is None or isinstance(restrict, str) else list(restrict)
        included, allowed = 0, -1
        for question in self.questions:
            try:
                included, free = question.bounds(include, restrict, latent)
            except IdentifiabilityError as error:
                raise IdentifiabilityError(self._where(str(error), question)) from None
            allowed &= free
        return included, allowed

    def _ancestors(self, included: int) -> int:
        """What may be an ancestor of X, Y or the included nodes: a valid set without all else is valid too.

        It holds all ancestors of its own nodes in each member, so what is taken out lies on no path that matters.
        """
        first = self.questions[0]
        rows = tuple(
            union(tuple(q.above[i] for q in self.questions), (1 << len(self.questions)) - 1)
            for i in range(len(self.graph))
        )
        return closure(rows, first.x | first.y | included)

    def _by_size(self, included: int, rest: int, minimal: bool) -> Iterator[int]:
        places, found = [1 << i for i in bits(rest)], list[int]()
        order = list(self.questions)
        for size in range(len(places) + 1):
            for chosen in combinations(places, size):
                z = sum(chosen) | included
                if minimal and any(not smaller & ~z for smaller in found):
                    continue
                # Where one set failed the next is likely to: that graph is asked first from then on.
                bad = next((k for k, question in enumerate(order) if question.fault(z) is not None), None)
                if bad is None:
                    found.append(z)
                    yield z
                else:
                    order.insert(0, order.pop(bad))

    def _tried(self, included: int, rest: int) -> int | None:
        """Of the sets of each class the smallest that is valid in all, without what it can spare one at a time."""
        candidates = [included | rest]
        for question in self.questions:
            nearest = question.nearest(included, rest)
            candidates += [] if nearest is None else [nearest | included]
        valid = [z for z in dict.fromkeys(candidates) if self.fault(z) is None]
        if not valid:
            return None
        z = min(valid, key=int.bit_count)
        for i in bits(z & ~included):
            if self.fault(z & ~(1 << i)) is None:
                z &= ~(1 << i)
        return z

    def _none(self, included: int, rest: int) -> str:
        said = "no set is valid" if rest.bit_count() <= FEW else "no set was found that is valid"
        fault = self.fault(included) or self.fault(included | rest)
        return f"{self._head} has no adjustment set: {said} however the open triples are decided ({fault})"
