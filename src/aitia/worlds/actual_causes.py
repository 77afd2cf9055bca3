"""Necessary, sufficient and actual causes in Boolean structural models, by brute force over do().

    necessary:   O changes under do(X = not x)                                                             (but-for)
    sufficient:  O stays under do(X = x) whatever the other events are
    actual:      for some W held at what it is, O changes under do(X = x', W = w), and for no part of X does it    (1)

(1) is the modified definition of Halpern and Pearl: X is a set of variables, W any set of others, O aside. In a fire
that lightning and match each suffice for, both together are the actual cause and each is a part of it.

Sources:
    Halpern, A modification of the Halpern-Pearl definition of causality, IJCAI 2015; Actual Causality, MIT Press 2016,
    section 2.2 for (1) and 2.3 for the examples.
    Kiciman, Ness, Sharma and Tan, Causal reasoning and large language models, TMLR (2024), section 4, for necessary and
    sufficient.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product

from aitia.errors import OptionError

__all__ = ["BooleanModel"]

Values = Mapping[str, bool]


@dataclass(frozen=True, eq=False)
class BooleanModel:
    """Events that are so or not, and what follows from them.

    Args:
        events: Names of what nothing in the model decides.
        follows: What is decided, causes first: from the values so far to a value. The last one is the outcome.

    Raises:
        OptionError: If there is no event or nothing follows, or one name stands twice.

    Example:
        >>> fire = BooleanModel(("lightning", "match"), {"fire": lambda v: v["lightning"] or v["match"]})
        >>> both = {"lightning": True, "match": True}
        >>> fire.necessary(both, "match"), fire.sufficient(both, "match")
        (False, True)
        >>> fire.causes(both)
        (('lightning', 'match'),)
    """

    events: tuple[str, ...]
    follows: Mapping[str, Callable[[Values], bool]]

    def __post_init__(self) -> None:
        if not self.events or not self.follows:
            raise OptionError("a model has an event and something that follows")
        if twice := [name for name in self.events if name in self.follows or self.events.count(name) > 1]:
            raise OptionError(f"{twice[0]!r} is there twice")

    @property
    def outcome(self) -> str:
        """What is to be explained."""
        return list(self.follows)[-1]

    def solve(self, events: Values, do: Values | None = None) -> dict[str, bool]:
        """All values, from those of the events, where what `do` names is held."""
        held = do or {}
        found = {name: held.get(name, bool(events[name])) for name in self.events}
        for name, mechanism in self.follows.items():
            found[name] = held[name] if name in held else bool(mechanism(found))
        return found

    def changes(self, events: Values, do: Values) -> bool:
        """Whether the outcome is another under `do`."""
        return self.solve(events)[self.outcome] != self.solve(events, do)[self.outcome]

    def necessary(self, events: Values, name: str) -> bool:
        """Whether the outcome would have been another, had only this been otherwise."""
        return self.changes(events, {name: not self.solve(events)[name]})

    def sufficient(self, events: Values, name: str) -> bool:
        """Whether the outcome is the same whatever the other events are, with this as it is."""
        actual = self.solve(events)
        others = [event for event in self.events if event != name]
        return all(
            self.solve(dict(zip(others, values, strict=True)) | {name: actual[name]}, {name: actual[name]})[
                self.outcome
            ]
            == actual[self.outcome]
            for values in product((False, True), repeat=len(others))
        )

    def causes(self, events: Values) -> tuple[tuple[str, ...], ...]:
        """The actual causes of the outcome by (1), those of few variables first."""
        actual = self.solve(events)
        candidates = [name for name in actual if name != self.outcome]
        found: list[tuple[str, ...]] = []
        for group in _subsets(candidates, least=1):
            if any(set(part) <= set(group) for part in found):
                continue  # not the least
            if self._but_for_with_some_held(events, actual, group, candidates):
                found.append(group)
        return tuple(found)

    def part_of_a_cause(self, events: Values, name: str) -> bool:
        """Whether this is in some actual cause."""
        return any(name in cause for cause in self.causes(events))

    def _but_for_with_some_held(
        self, events: Values, actual: Values, group: tuple[str, ...], candidates: Sequence[str]
    ) -> bool:
        others = [name for name in candidates if name not in group]
        return any(
            self.changes(events, dict(zip(group, values, strict=True)) | {name: actual[name] for name in held})
            for values in product((False, True), repeat=len(group))
            for held in _subsets(others)
        )


def _subsets(names: Sequence[str], least: int = 0) -> Iterator[tuple[str, ...]]:
    """All of them, small ones first."""
    return chain.from_iterable(combinations(names, k) for k in range(least, len(names) + 1))
