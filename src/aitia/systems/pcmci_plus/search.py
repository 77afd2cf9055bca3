"""The three phases of PCMCI+: lagged parents, the skeleton by momentary conditional independence, and directions.

1. PC1. For each variable the lagged others that stay dependent given the strongest few of them, ever more.
2. MCI. Each lagged link that is left and each pair of one time is tested given the lagged parents of both ends and
   every set of neighbours of the same time, sets of growing size. Removals of a size wait for its end.
3. Directions. Time gives those of lagged links. Of one time: unshielded colliders by a vote of the sets that separate
   their ends, then Meek's rules 1-3. All marks of a rule are made at once; a link that is wanted both ways stays open.

No step depends on the order of the variables.

Source:
    Runge, Discovering contemporaneous and lagged causal relations in autocorrelated nonlinear time series datasets,
    UAI 2020, algorithms 1 and 2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

from aitia.systems.pcmci_plus.links import Links

__all__ = ["Found", "Link", "Search"]

Link = tuple[int, int, int]
"""(i, lag, j): variable i, `lag` steps ago, and variable j now."""
Triple = tuple[int, int, int, int]
"""(i, lag, k, j): variable i, `lag` steps ago, and variables k and j now, of which k is in the middle."""
AT_ONCE = 32
"""Sets of a link that are tested together before the next look whether one separates."""


@dataclass(frozen=True)
class Evidence:
    """The weakest test of a link.

    Args:
        given: Nodes that were conditioned on.
        strength: Of the dependence.
        p_value: Of independence.
    """

    given: tuple[int, ...]
    strength: float
    p_value: float


@dataclass
class Found:
    """What a search found.

    Args:
        lagged: The lagged links that stand.
        arrows: Pairs (cause, effect) of one time.
        open: Pairs of one time whose direction is open, the smaller position first.
        evidence: Of each link that was tested in phase 2 its weakest test, which separates it where it is gone; a pair
            of one time has two links.
        conflicts: Pairs of one time that evidence wants both ways.
        ambiguous: How many possible colliders the vote left open.
    """

    lagged: list[Link]
    arrows: list[tuple[int, int]]
    open: list[tuple[int, int]]
    evidence: dict[Link, Evidence]
    conflicts: list[tuple[int, int]]
    ambiguous: int


class Search:
    """One search.

    Args:
        links: Puts the tests.
        variables: How many variables there are.
        lags: How many steps back a cause may lie.
        alpha: Level of the tests.
        rule: `majority`, `conservative` or `max-p`.
        max_depth: Largest set of neighbours of the same time.
        forbidden: (N, N), [i, j] True where i cannot cause j at any lag.
    """

    def __init__(
        self, links: Links, variables: int, lags: int, alpha: float, rule: str, max_depth: int,
        forbidden: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        self.links, self.n, self.lags, self.alpha, self.rule = links, variables, lags, alpha, rule
        self.max_depth, self.forbidden = max_depth, forbidden
        self.evidence: dict[Link, Evidence] = {}

    def run(self) -> Found:
        """The links and their directions."""
        self.parents = [self._lagged_parents(j) for j in range(self.n)]
        self._skeleton()
        return self._directions()

    # -- phase 1 --------------------------------------------------------------------------------------------------

    def _lagged_parents(self, j: int) -> list[int]:
        """The lagged nodes that may cause j, the strongest first."""
        n = self.n
        parents = [i + lag * n for i in range(n) if not self.forbidden[i, j] for lag in range(1, self.lags + 1)]
        least = dict.fromkeys(parents, np.inf)
        size = 0
        while len(parents) > size:
            given = [tuple([q for q in parents[: size + 1] if q != node][:size]) for node in parents]
            strength, p_value = self.links.test([(node, j) for node in parents], given, f"lagged causes given {size}")
            for node, value in zip(parents, strength, strict=True):
                least[node] = min(least[node], value)
            kept = [node for node, p in zip(parents, p_value, strict=True) if p <= self.alpha]
            parents = sorted(kept, key=lambda node: -least[node])
            size += 1
        return parents

    # -- phase 2 --------------------------------------------------------------------------------------------------

    def _beside(self, i: int, lag: int, j: int, near: Sequence[int]) -> tuple[int, ...]:
        """What a link is tested given: these neighbours, and the lagged parents of both ends."""
        n, source = self.n, i + lag * self.n
        told = dict.fromkeys((*near, *self.parents[j], *(node + lag * n for node in self.parents[i])))
        told.pop(source, None)
        return tuple(sorted(told))

    def _near(self, i: int, lag: int, j: int, size: int) -> Iterator[tuple[int, ...]]:
        """Sets of neighbours of j at its time, without i where that is of the same time."""
        return combinations([k for k in np.flatnonzero(self.now[:, j]).tolist() if lag or k != i], size)

    def _skeleton(self) -> None:
        n = self.n
        self.now = ~(self.forbidden & self.forbidden.T) & ~np.eye(n, dtype=np.bool_)
        self.before = np.zeros((n, self.lags + 1, n), dtype=np.bool_)
        for j, parents in enumerate(self.parents):
            for node in parents:
                self.before[node % n, node // n, j] = True
        size = 0
        while size <= self.max_depth:
            tested = [link for link in self._all_links() if int(self.now[:, link[2]].sum()) - (not link[1]) >= size]
            if not tested:
                return
            for i, lag, j in self._separated(tested, size):
                if lag:
                    self.before[i, lag, j] = False
                else:
                    self.now[i, j] = self.now[j, i] = False
            size += 1

    def _all_links(self) -> list[Link]:
        lagged = [(int(i), int(lag), int(j)) for i, lag, j in np.argwhere(self.before)]
        return [*lagged, *((int(i), 0, int(j)) for i, j in np.argwhere(self.now))]

    def _separated(self, tested: Sequence[Link], size: int) -> list[Link]:
        """The links that some set of this size separates; each is tested no further than that."""
        waiting = {link: self._near(*link, size) for link in tested}
        gone: list[Link] = []
        while waiting:
            asked = [(link, near) for link, sets in waiting.items() for near in islice(sets, AT_ONCE)]
            given = [self._beside(*link, near) for link, near in asked]
            pairs = [(i + lag * self.n, j) for (i, lag, j), _ in asked]
            strength, p_value = self.links.test(pairs, given, f"links given {size} of their time")
            for (link, _), s, value, p in zip(asked, given, strength, p_value, strict=True):
                self._keep(link, Evidence(s, value, p))
            apart = dict.fromkeys(link for (link, _), p in zip(asked, p_value, strict=True) if p > self.alpha)
            gone += apart
            had = dict.fromkeys(link for link, _ in asked)
            waiting = {link: sets for link, sets in waiting.items() if link in had and link not in apart}
        return gone

    def _keep(self, link: Link, found: Evidence) -> None:
        i, lag, j = link
        if link not in self.evidence or found.p_value > self.evidence[link].p_value:
            self.evidence[link] = found
            if lag == 0:
                other = self.evidence.get((j, 0, i))
                if other is None or found.p_value > other.p_value:
                    self.evidence[j, 0, i] = found

    # -- phase 3 --------------------------------------------------------------------------------------------------

    def _directions(self) -> Found:
        n = self.n
        self.to = np.zeros((n, n), dtype=np.bool_)  # [i, j] True: i --> j
        self.barred = np.zeros((n, n), dtype=np.bool_)  # conflicts, symmetric
        known = self.now & self.forbidden.T & ~self.forbidden
        self.to |= known
        verdicts: dict[Triple, bool | None] = {}
        for i, lag, k, j in self._triples():
            mirrored = (j, lag, k, i)
            seen = lag == 0 and mirrored in verdicts
            verdicts[i, lag, k, j] = verdicts[mirrored] if seen else self._collider(i, lag, k, j)
        wanted = [(j, k) for (_, _, k, j), is_one in verdicts.items() if is_one]
        wanted += [(i, k) for (i, lag, k, _), is_one in verdicts.items() if is_one and lag == 0]
        self._orient(wanted)
        self.ambiguous = {triple for triple, is_one in verdicts.items() if is_one is None}
        rules = (self._away_from_collider, self._away_from_cycle, self._double_triangle)
        while sum(self._orient(rule()) for rule in rules):  # every rule runs in every round
            pass
        self._open_cycles()
        lagged = [(int(i), int(lag), int(j)) for i, lag, j in np.argwhere(self.before)]
        left = self.now & ~self.to & ~self.to.T
        return Found(
            lagged,
            [(int(i), int(j)) for i, j in np.argwhere(self.to)],
            [(int(i), int(j)) for i, j in np.argwhere(np.triu(left))],
            self.evidence,
            [(int(i), int(j)) for i, j in np.argwhere(np.triu(self.barred))],
            len(self.ambiguous),
        )

    @property
    def _undirected(self) -> NDArray[np.bool_]:
        """Links of one time that rules may direct."""
        found: NDArray[np.bool_] = self.now & ~self.to & ~self.to.T & ~self.barred
        return found

    def _joined(self, i: int, lag: int, j: int) -> bool:
        return bool(self.before[i, lag, j] if lag else self.now[i, j])

    def _triples(self) -> list[Triple]:
        """Every i - k --- j with i and j apart."""
        found = []
        for k, j in np.argwhere(self._undirected).tolist():
            sources = np.flatnonzero(self.now[:, k] & ~self.to[k]).tolist()
            found += [(i, 0, k, j) for i in sources if i != j and not self.now[i, j]]
            found += [
                (i, lag, k, j) for i, lag in np.argwhere(self.before[:, :, k]).tolist() if not self.before[i, lag, j]
            ]
        return found

    def _collider(self, i: int, lag: int, k: int, j: int) -> bool | None:
        """Whether k is a collider between i and j; None where the sets that separate them do not decide."""
        sets: dict[tuple[int, ...], None] = {}
        ends = [(i, lag, j)] if lag else [(i, 0, j), (j, 0, i)]
        for size in range(min(self.n, self.max_depth) + 1):
            for end in ends:
                sets.update(dict.fromkeys(self._near(*end, size)))
        given = [self._beside(i, lag, j, near) for near in sets]
        _, p_value = self.links.test([(i + lag * self.n, j)] * len(given), given, "colliders")
        told = [(k in near, p) for near, p in zip(sets, p_value, strict=True) if p > self.alpha]
        if not told:
            return None
        if self.rule == "max-p":
            best = max(p for _, p in told)
            held = [there for there, p in told if p == best]
            return None if any(held) and not all(held) else not held[0]
        share = sum(there for there, _ in told) / len(told)
        if self.rule == "conservative":
            return True if share == 0 else False if share == 1 else None
        return None if share == 0.5 else share < 0.5

    def _orient(self, wanted: Sequence[tuple[int, int]]) -> bool:
        """Directs links of one time, all at once; what is wanted both ways stays open for good."""
        new = np.zeros_like(self.to)
        for i, j in wanted:
            new[i, j] = not self.forbidden[i, j]
        new &= self.now & ~self.barred & ~self.to & ~self.to.T
        both = new & new.T
        self.barred |= both
        self.to |= new & ~both
        return bool(new.any())

    def _away_from_collider(self) -> list[tuple[int, int]]:
        """i --> k --- j with i and j apart, i of any time: k --> j."""
        found = []
        for k, j in np.argwhere(self._undirected).tolist():
            now = [(i, 0) for i in np.flatnonzero(self.to[:, k]).tolist() if i != j]
            before = [(i, lag) for i, lag in np.argwhere(self.before[:, :, k]).tolist()]
            if any(not self._joined(i, lag, j) and (i, lag, k, j) not in self.ambiguous for i, lag in [*now, *before]):
                found.append((k, j))
        return found

    def _away_from_cycle(self) -> list[tuple[int, int]]:
        """i --> k --> j with i --- j: i --> j."""
        through = self.to.astype(int) @ self.to.astype(int) > 0
        return [(i, j) for i, j in np.argwhere(through & self._undirected).tolist()]

    def _double_triangle(self) -> list[tuple[int, int]]:
        """i --- k --> j, i --- l --> j with i --- j, and k and l apart: i --> j."""
        open_, found = self._undirected, []
        for i, j in np.argwhere(open_).tolist():
            middle = np.flatnonzero(open_[i] & self.to[:, j]).tolist()
            if any(not self.now[k, m] and (k, 0, i, m) not in self.ambiguous for k, m in combinations(middle, 2)):
                found.append((i, j))
        return found

    def _open_cycles(self) -> None:
        """Takes the direction from links on a directed cycle: there the evidence contradicts itself."""
        reach = self.to.copy()
        for k in range(self.n):
            reach |= np.outer(reach[:, k], reach[k])
        cyclic = self.to & reach.T
        self.barred |= cyclic | cyclic.T
        self.to &= ~cyclic
