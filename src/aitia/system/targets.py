"""What `do` may set in a system: its targets, and the check of an intervention against them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import overload

import numpy as np
from numpy.typing import NDArray

from aitia.card import Does
from aitia.do import Action, Intervention, Value
from aitia.errors import InterventionError, unknown_variable

__all__ = ["Target", "Targets"]


@dataclass(frozen=True)
class Target:
    """Something that `do` can set in a fitted system.

    Args:
        name: As it is written in `do`.
        labels: What it can be set to, where it takes labels.
        low: Least value of each of its numbers in the rows of the fit, where it takes numbers.
        high: The largest.
        about: What setting it does, in a few words.
        text: Whether it is set to any text, such as a name.
        does: Which of the four things its `do` is, where it is not what the card says.
    """

    name: str
    labels: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    about: str = ""
    text: bool = False
    does: Does | None = None

    @classmethod
    def of_values(cls, name: str, values: NDArray[np.float64], about: str = "") -> "Target":
        """A target of numbers with the range of these values, (n,) or (n, numbers)."""
        flat = values.reshape(len(values), -1)
        return cls(name, (), tuple(flat.min(axis=0).tolist()), tuple(flat.max(axis=0).tolist()), about)

    def check(self, action: Action) -> str | None:
        """Refuses an action that means nothing here; a sentence where the value is outside of the trained range.

        Raises:
            InterventionError: If a label is unknown, or the action is none that the target takes.
        """
        value = action.value if isinstance(action, Value) else None
        if self.labels and not (self.low and isinstance(value, (float, int))):
            if not isinstance(action, Value) or str(value) not in self.labels:
                shown = str(value) if isinstance(action, Value) else str(action)
                close = get_close_matches(shown, self.labels, n=1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise InterventionError(
                    f"{self.name!r} is set to one of {', '.join(self.labels)}, got {shown!r}.{hint}"
                )
        elif isinstance(value, str):
            if self.text:
                return None
            raise InterventionError(f"{self.name!r} is set to a number, got {action}")
        elif value is not None and self.low:
            return self._outside(value if isinstance(value, tuple) else (float(value),))
        return None

    def _outside(self, value: Sequence[float]) -> str | None:
        low, high = (np.resize(np.array(side), len(value)) for side in (self.low, self.high))
        past = np.maximum(low - value, np.asarray(value) - high)
        k = int(past.argmax())
        if past[k] <= 0:
            return None
        span = high[k] - low[k]
        share = ""
        if span > 0:
            share = f", {past[k] / span:.0%} of its width" if past[k] < 2 * span else f", {past[k] / span:.3g} widths"
        place = f"{self.name}[{k}]" if len(value) > 1 else self.name
        return (
            f"{place}={value[k]:g} lies {past[k]:.3g} outside of the trained range {low[k]:.3g} to {high[k]:.3g}"
            f"{share}: the answer is an extrapolation"
        )


class Targets(Sequence[Target]):
    """The targets of a system.

    Args:
        targets: Those that can be listed.
        find: From the text of a target to the target, where there are more than can be listed (sites, wordings); None
            where it names none.
        says: What a target looks like where there is a `find`, for messages.
    """

    def __init__(
        self, targets: Iterable[Target] = (), find: Callable[[str], Target | None] | None = None, says: str = ""
    ) -> None:
        self._listed = tuple(targets)
        self._find, self.says = find, says

    @overload
    def __getitem__(self, k: int, /) -> Target: ...
    @overload
    def __getitem__(self, k: slice, /) -> tuple[Target, ...]: ...
    def __getitem__(self, k: int | slice, /) -> Target | tuple[Target, ...]:
        return self._listed[k]

    def __len__(self) -> int:
        return len(self._listed)

    def __iter__(self) -> Iterator[Target]:
        return iter(self._listed)

    def __bool__(self) -> bool:
        return bool(self._listed) or self._find is not None

    @property
    def names(self) -> tuple[str, ...]:
        """Of those that can be listed."""
        return tuple(target.name for target in self._listed)

    def find(self, text: str) -> Target:
        """The target of this name.

        Raises:
            UnknownVariableError: If there is none; names the nearest.
        """
        for target in self._listed:
            if target.name == text:
                return target
        found = self._find(text) if self._find is not None else None
        if found is None:
            known = self.names or ((self.says,) if self.says else ())
            raise unknown_variable(text, known, "system")
        return found

    def check(self, intervention: Intervention) -> tuple[str, ...]:
        """Refuses an intervention that the system has no answer to.

        Returns:
            A sentence for each target whose value lies outside of the trained range.

        Raises:
            UnknownVariableError: If a target is not one of the system's.
            InterventionError: If a target takes no such value.
        """
        told = (self.find(str(name)).check(action) for name, action in intervention.items())
        return tuple(sentence for sentence in told if sentence is not None)
