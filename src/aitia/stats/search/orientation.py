"""From a skeleton to a partially directed graph: what is known beforehand, colliders, and Meek's rules.

Every arrow carries its reason in words. Tests on real data contradict each other; a collider that would turn an arrow
round or close a cycle is passed over and counted, so the result has neither two-headed edges nor cycles.

Sources:
    Spirtes, Glymour and Scheines, Causation, Prediction, and Search (2000), section 5.4.2.
    Meek, Causal inference and causal explanation with background knowledge, UAI 1995.
    Ramsey, Zhang and Spirtes, Adjacency-faithfulness and conservative causal inference, UAI 2006 (`conservative`).
    Colombo and Maathuis, JMLR 15 (2014) (`majority`).
    Ramsey, Improving accuracy and scalability of the PC algorithm by maximizing p-value, 2016 (`max-p`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aitia.graph._pdag import Pdag
from aitia.graph.bits import bits
from aitia.graph.graph import Graph
from aitia.stats.search.records import Skeleton
from aitia.stats.search.skeleton import Asker

__all__ = ["ColliderRule", "Orientation"]

ColliderRule = Literal["sepset", "majority", "conservative", "max-p"]
Triple = tuple[int, int, int]


@dataclass
class Orientation:
    """A PDAG under construction.

    Args:
        skeleton: Adjacencies and separating sets.
        forbidden: (p, p), [i, j] True where i cannot cause j.

    Attributes:
        reasons: For each arrow (cause, effect), why it points so.
        conflicts: Sentences on evidence that was passed over because it contradicts arrows that were there before.
        ambiguous: Unshielded triples whose middle the collider rule could not decide.
    """

    skeleton: Skeleton
    forbidden: NDArray[np.bool_]
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    ambiguous: set[Triple] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.names = self.skeleton.names
        self.rows = Pdag(self.skeleton.graph)

    @property
    def graph(self) -> Graph:
        """The graph as it stands."""
        return self.rows.graph(self.names)

    @property
    def warnings(self) -> list[str]:
        """What could not be reconciled, in plain words."""
        found = []
        if self.conflicts:
            found.append(
                f"The tests contradict each other in {len(self.conflicts)} places; for one, {self.conflicts[0]}."
            )
        if self.ambiguous:
            found.append(f"{len(self.ambiguous) // 2} possible colliders were left open by the collider rule.")
        return found

    # -- steps ----------------------------------------------------------------------------------------------------

    def orient(self, i: int, j: int, reason: str) -> bool:
        """Turns i --- j into i --> j unless that is forbidden or closes a cycle; False where it did not."""
        if self.rows.parents[j] >> i & 1:
            return True
        if not self.rows.neighbors[i] >> j & 1 or self.forbidden[i, j] or self._leads(j, i):
            return False
        self.rows.orient(i, j)
        self.reasons[self.names[i], self.names[j]] = reason
        return True

    def exogenous(self, node: str) -> None:
        """Orients every edge of this node away from it: nothing causes it."""
        i = self.names.index(node)
        for j in bits(self.rows.neighbors[i]):
            self.orient(i, j, f"nothing causes {node}")

    def known(self) -> None:
        """Orients what background knowledge decides: the edges that may point one way only."""
        for i in range(len(self.names)):
            for j in bits(self.rows.neighbors[i]):
                if self.forbidden[j, i] and not self.forbidden[i, j]:
                    self.orient(i, j, "background knowledge")

    def colliders(self, rule: ColliderRule, asker: Asker | None, alpha: float, max_depth: int) -> None:
        """Orients the unshielded colliders; where two disagree, the first in the order of the columns stands."""
        for x, y, z in self._unshielded():
            verdict, why = self._is_collider(x, y, z, rule, asker, alpha, max_depth)
            if verdict is None:
                self.ambiguous |= {(x, y, z), (z, y, x)}
            if verdict:
                self._collide(x, y, z, why)

    def _collide(self, x: int, y: int, z: int, why: str) -> None:
        names = self.names
        if self.forbidden[x, y] or self.forbidden[z, y]:
            return
        turned = [n for n in (x, z) if self.rows.children[y] >> n & 1]
        if turned or self._leads(y, x) or self._leads(y, z):
            what = f"{names[y]} -> {names[turned[0]]} was found before" if turned else "it would close a cycle"
            self.conflicts.append(f"the collider {names[x]} -> {names[y]} <- {names[z]} was passed over: {what}")
            return
        self.orient(x, y, why)
        self.orient(z, y, why)

    def _unshielded(self) -> list[Triple]:
        adjacent = self.rows.adjacent
        return [
            (x, y, z)
            for y in range(len(self.names))
            for x in bits(adjacent[y])
            for z in bits(adjacent[y] & ~adjacent[x] & (-1 << (x + 1)))
        ]

    def _is_collider(
        self, x: int, y: int, z: int, rule: ColliderRule, asker: Asker | None, alpha: float, max_depth: int
    ) -> tuple[bool | None, str]:
        names = self.names
        if rule == "sepset":
            mask = self.skeleton.separators.get((x, z))
            if mask is None:  # knowledge keeps them apart: no test says what separates them
                return False, ""
            told = self._set(mask)
            return not mask >> y & 1, f"{names[x]} and {names[z]} are independent given {told}, without {names[y]}"
        assert asker is not None
        masks = self._candidate_sets(x, z, max_depth)
        triples = [(names[x], names[z], tuple(names[k] for k in bits(mask))) for mask in masks]
        values = [t.p_value for t in asker.ask(triples, "colliders")]
        if rule == "max-p":
            best = masks[int(np.argmax(values))]
            told = self._set(best)
            return not best >> y & 1, f"{told} separates {names[x]} and {names[z]} best, without {names[y]}"
        separating = [mask for mask, value in zip(masks, values, strict=True) if value > alpha]
        if not separating:  # the test that removed the edge used a set beyond the present neighbours
            mask = self.skeleton.separators.get((x, z), 0)
            separating = [mask]
        share = sum(mask >> y & 1 for mask in separating) / len(separating)
        why = f"{names[y]} is in {share:.0%} of the sets that separate {names[x]} and {names[z]}"
        if rule == "conservative":
            return (True if share == 0 else False if share == 1 else None), why
        return (True if share < 0.5 else False if share > 0.5 else None), why

    def _candidate_sets(self, x: int, z: int, max_depth: int) -> list[int]:
        """Every set of neighbours of x or of z up to the depth, the smaller first."""
        masks: dict[int, None] = {}
        for row in (self.rows.adjacent[x], self.rows.adjacent[z]):
            nodes = tuple(bits(row))
            for size in range(min(len(nodes), max_depth) + 1):
                masks.update(dict.fromkeys(sum(1 << k for k in chosen) for chosen in combinations(nodes, size)))
        return sorted(masks, key=lambda mask: (mask.bit_count(), mask))

    def _set(self, mask: int) -> str:
        return "nothing" if not mask else "{" + ", ".join(self.names[k] for k in bits(mask)) + "}"

    def _leads(self, start: int, goal: int) -> bool:
        """Whether there is a directed path."""
        seen = frontier = 1 << start
        while frontier:
            if frontier >> goal & 1:
                return True
            step = 0
            for i in bits(frontier):
                step |= self.rows.children[i]
            frontier = step & ~seen
            seen |= frontier
        return False

    # -- Meek's rules ---------------------------------------------------------------------------------------------

    def close(self, with_knowledge: bool) -> None:
        """Applies Meek's rules, in the order of the columns, until none holds; rule 4 matters with knowledge only."""
        rules = [self._away_from_collider, self._away_from_cycle, self._double_triangle]
        if with_knowledge:
            rules.append(self._knowledge_triangle)
        while sum(rule() for rule in rules):  # every rule runs in every round
            pass

    def _away_from_collider(self) -> bool:
        """Rule 1: i --> j --- k with i, k apart."""
        changed = False
        for i in range(len(self.names)):
            for j in bits(self.rows.children[i]):
                for k in bits(self.rows.neighbors[j] & ~self.rows.adjacent[i] & ~(1 << i)):
                    if (i, j, k) not in self.ambiguous:
                        why = f"otherwise {self.names[i]} -> {self.names[j]} <- {self.names[k]} would be a collider"
                        changed |= self.orient(j, k, why)
        return changed

    def _away_from_cycle(self) -> bool:
        """Rule 2: i --> j --> k with i --- k."""
        changed = False
        for i in range(len(self.names)):
            for j in bits(self.rows.adjacent[i]):
                if self.rows.children[i] >> j & 1:
                    for k in bits(self.rows.children[j] & self.rows.neighbors[i]):
                        changed |= self.orient(i, k, f"otherwise there is a cycle through {self.names[j]}")
        return changed

    def _double_triangle(self) -> bool:
        """Rule 3: i --- j --> l <-- k --- i with j, k apart and i --- l."""
        changed = False
        for i in range(len(self.names)):
            for j in bits(self.rows.neighbors[i]):
                for last in bits(self.rows.neighbors[i] & self.rows.children[j]):
                    others = self.rows.neighbors[i] & self.rows.parents[last] & ~self.rows.adjacent[j]
                    for k in bits(others >> (j + 1) << (j + 1)):
                        if (j, i, k) not in self.ambiguous:
                            both = f"{self.names[j]} and {self.names[k]}"
                            changed |= self.orient(i, last, f"both {both} lead to it (Meek's third rule)")
        return changed

    def _knowledge_triangle(self) -> bool:
        """Rule 4: i --- j --> k --> l with i --- l, i *-* k and j, l apart."""
        changed = False
        for i in range(len(self.names)):
            for j in bits(self.rows.neighbors[i]):
                for k in bits(self.rows.children[j] & self.rows.adjacent[i]):
                    for last in bits(self.rows.children[k] & self.rows.neighbors[i] & ~self.rows.adjacent[j]):
                        if (j, i, last) not in self.ambiguous:
                            changed |= self.orient(i, last, "background knowledge and Meek's fourth rule")
        return changed

    def undirected_among(self, nodes: Sequence[int]) -> list[tuple[int, int]]:
        """The pairs of these nodes that an undirected edge joins."""
        return [(i, j) for i, j in combinations(nodes, 2) if self.rows.neighbors[i] >> j & 1]
