"""From a skeleton to a partially directed graph: what is known beforehand, colliders, and Meek's rules.

Tests on real data contradict each other. The colliders are therefore decided together: of the classes of equivalent
DAGs on the skeleton that obey what is known, the one is taken that contradicts the evidence least (`evidence`,
`assembly`), or with the rule `likelihood` the one that a likelihood leads to from there (`classes`, `likelihood`). The
result extends to a DAG by construction, and what it passes over is named. No step hangs on the order of the columns.

Every arrow carries its reason in words.

Sources:
    Spirtes, Glymour and Scheines, Causation, Prediction, and Search (2000), section 5.4.2.
    Meek, Causal inference and causal explanation with background knowledge, UAI 1995.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import combinations, islice
from operator import and_

import numpy as np
from numpy.typing import NDArray

from aitia.graph._pdag import MANY, Pdag, compelled
from aitia.graph.bits import bits, pack
from aitia.graph.graph import Graph
from aitia.stats.independence import FisherZ
from aitia.stats.search.agreement import Agreement
from aitia.stats.search.assembly import Triple, least_contradicted
from aitia.stats.search.classes import ClassSearch, columns
from aitia.stats.search.evidence import BestVerdicts, ColliderRule, Verdict, unshielded, verdicts, weighed
from aitia.stats.search.implied import refuted
from aitia.stats.search.likeliest import Ground, Led, best_of, likeliest
from aitia.stats.search.mending import Likelihood
from aitia.stats.search.partial_correlation import BestSets
from aitia.stats.search.records import Skeleton
from aitia.stats.search.skeleton import Asker
from aitia.stats.search.telling import Reasons, Sentences, conflict, listed, passed_over, power

__all__ = ["Orientation"]

MOST_STARTS = 16
"""Where evidence that ties leads to more DAGs, it decides nothing."""


@dataclass
class Orientation:
    """A PDAG under construction.

    Args:
        skeleton: Adjacencies and separating sets.
        forbidden: (p, p), [i, j] True where i cannot cause j.
        mendable: The pairs that may come back after a test took them apart; None for all.
        in_words: Whether reasons and conflicts are wanted, and not only the graph.

    Attributes:
        told: For each arrow (cause, effect) that was oriented step by step, why it points so.
        conflicts: Sentences on evidence that was passed over because stronger evidence contradicts it.
        ambiguous: Unshielded triples whose middle the collider rule could not decide.
        refuted: Sentences on independences that the graph states and the table refutes.
        mended: Edges that the tests had taken out and the table asked back, each with the reason.
        separated: Edges that the tests had left and that went once others came back: what the two are independent
            given, and the p-value.
        settled: Whether the rules have nothing left to orient.
    """

    skeleton: Skeleton
    forbidden: NDArray[np.bool_]
    mendable: Sequence[tuple[str, str]] | None = None
    in_words: bool = True
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    conflicts: Sequence[str] = ()
    ambiguous: set[Triple] = field(default_factory=set)
    refuted: list[str] = field(default_factory=list)
    mended: dict[tuple[str, str], str] = field(default_factory=dict)
    separated: dict[tuple[str, str], tuple[tuple[str, ...], float]] = field(default_factory=dict)
    settled: bool = False

    def __post_init__(self) -> None:
        self.names = self.skeleton.names
        self.rows = Pdag.of([0] * len(self.names), self.skeleton.adjacent)
        self._earlier: Callable[[], Mapping[tuple[str, str], str]] | None = None
        self._classes: Sequence[Pdag] | None = None  # that tie

    @property
    def graph(self) -> Graph:
        """The graph as it stands."""
        drawn = self.rows.graph(self.names)
        places = sorted((t for t in self.ambiguous if t[0] < t[2] and drawn._is_open(*t)), key=lambda t: (t[1], *t))
        return Graph.from_bits(self.names, *drawn._ends, open_triples=places) if places else drawn

    @property
    def reasons(self) -> Mapping[tuple[str, str], str]:
        """For each arrow (cause, effect), why it points so; those of a class are found when they are read."""
        return self.told if self._earlier is None else Reasons(self._earlier, self.told)

    @property
    def warnings(self) -> list[str]:
        """What could not be reconciled, in plain words."""
        found = []
        if self.conflicts:
            found.append(listed("The tests contradict each other, and weaker evidence was passed over", self.conflicts))
        if self.mended:
            found.append(
                listed("Edges came back because the graph without them contradicts the table", self.mended.values())
            )
        if self.separated:
            told = [
                f"{a} and {b} given {', '.join(given) or 'nothing'} (p = {p:.2g})"
                for (a, b), (given, p) in self.separated.items()
            ]
            found.append(listed("Edges went because a test takes their ends apart given what came back", told))
        if self.refuted:
            found.append(listed("The graph contradicts the table: an edge is missing or an arrow wrong", self.refuted))
        if self.ambiguous:
            places = sorted(t for t in self.ambiguous if t[0] < t[2])
            triples = [" - ".join(self.names[k] for k in triple) for triple in places]
            found.append(
                listed("The collider rule left open whether the middle of a triple is a collider", triples)
                + " The graph is a PDAG in which it may be or not, and no CPDAG."
            )
        return found

    # -- steps ----------------------------------------------------------------------------------------------------

    def orient(self, i: int, j: int, reason: str) -> bool:
        """Turns i --- j into i --> j unless that is forbidden or closes a cycle; False where it did not."""
        if self.rows.parents[j] >> i & 1:
            return True
        if not self.rows.neighbors[i] >> j & 1 or self.forbidden[i, j] or self._leads(j, i):
            return False
        self.rows.orient(i, j)
        self.told[self.names[i], self.names[j]] = reason
        return True

    def exogenous(self, node: str) -> None:
        """Orients every edge of this node away from it: nothing causes it."""
        i = self.names.index(node)
        for j in bits(self.rows.neighbors[i]):
            self.orient(i, j, f"nothing causes {node}")

    def known(self) -> None:
        """Orients what background knowledge decides: the edges that may point one way only."""
        if not self.forbidden.any():
            return
        for i in range(len(self.names)):
            for j in bits(self.rows.neighbors[i]):
                if self.forbidden[j, i] and not self.forbidden[i, j]:
                    self.orient(i, j, "background knowledge")

    def colliders(
        self, rule: ColliderRule, asker: Asker, alpha: float, max_depth: int, score: Likelihood | None = None
    ) -> None:
        """Orients the unshielded colliders; where they contradict each other, the stronger evidence stands.

        Args:
            rule: How a collider is told, see `evidence`.
            asker: Puts the tests.
            alpha: Their level.
            max_depth: Largest conditioning set.
            score: For the rule `likelihood`: of a node and the bit row of its parents.

        Raises:
            GraphError: If what is known makes a cycle.
        """
        found = self._verdicts(rule, asker, alpha, max_depth)
        banned = self.forbidden.copy()
        for j, row in enumerate(self.rows.parents):
            for i in bits(row):
                banned[j, i] = True
        starts = self._starts(found, banned)
        if not starts:  # ties that lead to too many classes: the evidence decides nothing
            self.ambiguous |= {(a, y, b) for x, y, z in unshielded(self.rows.adjacent) for a, b in ((x, z), (z, x))}
            self._classes = ()
            return
        if score is None:
            searches = [ClassSearch(s, self.rows.adjacent, banned, Agreement(weighed(found))) for s in starts]
            for search in searches:
                search.ascend()
            classes = best_of(searches)
        else:
            ground = Ground(self.names, self.rows.adjacent, self._may_be_adjacent(), banned, score, alpha, max_depth)
            led = likeliest(ground, found, starts)
            classes = [end.search for end in led]
            search = classes[0]
            if len(classes) == 1 and not search.bound:
                # the rules would find the class again, with their reasons: when somebody reads them
                if self.in_words:
                    self._add(led[0])
                    self.conflicts = Sentences(passed_over(search.rows, found), partial(conflict, self.names, found))
                    self._earlier = partial(_told, self.skeleton, self.forbidden, search.rows, found)
                self.rows, self.settled = search.rows, True
                return
            self._add(led[0])
        if len(classes) > 1:
            self._leave_open(classes, found)
            return
        into = classes[0].rows.parents
        for (x, y, z), verdict in found.items() if score is None else ():
            if verdict.collider is None and not (into[y] >> x & into[y] >> z & 1):
                self.ambiguous |= {(x, y, z), (z, y, x)}
        self._settle(classes[0].rows, found)

    def check(self, asker: Asker) -> None:
        """Names the pairs that the graph calls independent although they are far from it in the table."""
        names, test = self.names, asker.test

        def log_p(pairs: Sequence[tuple[int, int]]) -> Sequence[float]:
            if isinstance(self.skeleton.separators, BestSets) and isinstance(test, FisherZ):
                i, j = np.array(pairs, np.int64).reshape(-1, 2).T
                return test.log_p_values(i, j, np.empty((len(i), 0), np.int64))
            told = asker.ask([(names[i], names[j], ()) for i, j in pairs], "implied independences")
            return [tested.log_p_value for tested in told]

        classes = [self.rows] if self._classes is None else self._classes
        every = [refuted(rows, self.skeleton.conditional(), log_p) for rows in classes]
        pairs = [pair for pair in every[0] if all(pair in other for other in every[1:])] if every else []
        for (i, j), value in zip(pairs, log_p(pairs), strict=True):
            self.refuted.append(f"it has {names[i]} and {names[j]} independent, and they are not (p = {power(value)})")

    def _why_mended(self, i: int, j: int, given: int, gain: float) -> str:
        names = self.names
        apart = self.skeleton.separating_set(names[i], names[j]) or ()
        told = [", ".join(of) or "nothing" for of in (apart, [names[k] for k in bits(given)])]
        return (
            f"a test takes {names[i]} and {names[j]} apart given {told[0]}, but given {told[1]} the table is "
            f"{power(gain)} times likelier with an edge between them"
        )

    def _may_be_adjacent(self) -> list[int]:
        """Bit rows of the pairs that knowledge does not keep apart."""
        if self.mendable is not None:
            rows = [0] * len(self.names)
            for a, b in self.mendable:
                i, j = self.names.index(a), self.names.index(b)
                rows[i] |= 1 << j
                rows[j] |= 1 << i
            return rows
        everyone = (1 << len(self.names)) - 1
        if not self.forbidden.any():
            return [everyone ^ 1 << i for i in range(len(self.names))]
        apart = self.forbidden & self.forbidden.T
        return [everyone & ~(1 << i) & ~pack(row) for i, row in enumerate(apart)]

    def _verdicts(self, rule: ColliderRule, asker: Asker, alpha: float, max_depth: int) -> Mapping[Triple, Verdict]:
        """What a rule says of the triples that knowledge leaves open."""
        found = verdicts(self.skeleton, rule, asker, alpha, max_depth)
        if not self.forbidden.any():
            return found
        return {t: v for t, v in found.items() if not (self.forbidden[t[0], t[1]] or self.forbidden[t[2], t[1]])}

    def _starts(self, found: Mapping[Triple, Verdict], banned: NDArray[np.bool_]) -> Sequence[list[int]]:
        """The DAGs that contradict the evidence least: several where it ties, none where it ties too often."""
        adjacent = self.rows.adjacent
        if isinstance(found, BestVerdicts) and len(self.names) >= MANY and not banned.any():
            start = found.least_contradicted(adjacent)
            if start is not None:
                return [start]
        forced = [row & banning for row, banning in zip(adjacent, columns(banned), strict=True)]
        dags = list(islice(least_contradicted(adjacent, weighed(found), forced, self.names), MOST_STARTS + 1))
        if len(dags) > MOST_STARTS:
            return []
        return [*{tuple(compelled(dag, adjacent) or ()): dag for dag in dags}.values()] if len(dags) > 1 else dags

    def _leave_open(self, classes: Sequence[ClassSearch], found: Mapping[Triple, Verdict]) -> None:
        """Takes what classes that are equally good agree on, and leaves open the colliders in which they differ."""
        every = [search.known(search.rows) or search.rows for search in classes]
        colliders = [
            {(x, y, z) for x, y, z in unshielded(rows.adjacent) if rows.parents[y] >> x & rows.parents[y] >> z & 1}
            for rows in every
        ]
        for x, y, z in sorted(colliders[0].union(*colliders) - colliders[0].intersection(*colliders)):
            self.ambiguous |= {(x, y, z), (z, y, x)}
        shared = Pdag.of(
            [reduce(and_, of) for of in zip(*(rows.parents for rows in every), strict=True)], every[0].adjacent
        )
        self._settle(shared, found)
        odd = [passed_over(rows, found) for rows in every]
        by_all = [triple for triple in odd[0] if all(triple in others for others in odd)]
        self.conflicts = [conflict(self.names, found, triple) for triple in by_all]
        for j, into in enumerate(shared.parents):
            for i in bits(into):
                self.told.setdefault(
                    (self.names[i], self.names[j]), "all classes that fit the table equally well have it"
                )
        self.rows, self.settled, self._classes = shared, True, every

    def _add(self, led: Led) -> None:
        """The edges that came back, undirected but for what is known of them; and those that went."""
        names, tested, search = self.names, self.skeleton.adjacent, led.search
        self.rows.adjacent = tuple(search.adjacent)
        for (i, j), why in search.mended.items():
            if not tested[i] >> j & 1:
                self.rows.neighbors[i] |= 1 << j
                self.rows.neighbors[j] |= 1 << i
                self.mended[names[i], names[j]] = self._why_mended(i, j, *why)
        for (i, j), (given, p_value) in led.went.items():
            if not search.adjacent[i] >> j & 1:
                self.rows.neighbors[i] &= ~(1 << j)
                self.rows.neighbors[j] &= ~(1 << i)
                self.separated[names[i], names[j]] = tuple(names[k] for k in bits(given)), p_value
        self.known()

    def _settle(self, settled: Pdag, found: Mapping[Triple, Verdict]) -> None:
        """Orients the colliders of a class, with their reasons, and names the verdicts that it passes over."""
        self.conflicts = [conflict(self.names, found, triple) for triple in passed_over(settled, found)]
        for y, into in enumerate(settled.parents):
            for x in bits(into):
                for z in bits(into & ~self.rows.adjacent[x] & (-2 << x)):
                    told = found.get((x, y, z))
                    why = told.why((x, y, z)) if told is not None and told.collider else self._against(x, y, z)
                    for end in (x, z):
                        self.orient(end, y, why)

    def _against(self, x: int, y: int, z: int) -> str:
        names = self.names
        return f"{names[x]} -> {names[y]} <- {names[z]} contradicts the data least"

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


def _told(
    skeleton: Skeleton, forbidden: NDArray[np.bool_], settled: Pdag, found: Mapping[Triple, Verdict]
) -> Mapping[tuple[str, str], str]:
    """The reasons for the arrows of a class: its colliders, and Meek's rules."""
    again = Orientation(skeleton, forbidden)
    again.rows = Pdag.of([0] * len(again.names), settled.adjacent)
    again._settle(settled, found)
    again.close(with_knowledge=False)
    return again.told
