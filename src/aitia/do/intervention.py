"""What is done to which variables, as data."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from aitia.do._text import Reader, target_text
from aitia.do.actions import ACTIONS, Action, Categorical, Value
from aitia.errors import InterventionError

__all__ = ["Intervention"]


class Intervention(Mapping[Any, Action]):
    """What is done to which variables: an immutable mapping from target to `Action`.

    Args:
        targets: A mapping from target to an action, number or label; another `Intervention` is taken as it is.
        named: Further targets by name.

    Raises:
        InterventionError: If a value is NaN or infinite, or neither action, number, label nor tuple of numbers.

    Example:
        >>> from aitia.do import Normal, shift
        >>> a = Intervention(x=1.5, price=shift(0.1), light=Normal(0, 1), style="formal")
        >>> print(a)
        do(x=1.5, price=shift(0.1), light=Normal(0, 1), style="formal")
        >>> Intervention.parse(str(a)) == a
        True
        >>> print(Intervention(x=1) | Intervention(x=2, y=0))
        do(x=2, y=0)
    """

    __slots__ = ("_actions",)
    _actions: dict[Any, Action]

    def __init__(self, targets: Mapping[Any, Any] | None = None, /, **named: Any) -> None:
        if targets is not None and not isinstance(targets, Mapping):
            raise InterventionError(f"an intervention maps variables to actions, got {targets!r}")
        given = {**(targets or {}), **named}
        self._actions = {
            target: action if isinstance(action, Action) else Value(action) for target, action in given.items()
        }

    @property
    def targets(self) -> tuple[Any, ...]:
        """What is intervened on, in the order given."""
        return tuple(self._actions)

    def __getitem__(self, target: Hashable) -> Action:
        return self._actions[target]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def __hash__(self) -> int:
        return hash(frozenset(self._actions.items()))

    def __or__(self, later: Mapping[Any, Any]) -> "Intervention":
        """Both, where the later one wins on a shared target."""
        if not isinstance(later, Mapping):
            return NotImplemented
        return Intervention({**self._actions, **later})

    def __str__(self) -> str:
        return f"do({', '.join(f'{target_text(target)}={action}' for target, action in self._actions.items())})"

    __repr__ = __str__

    def __reduce__(self) -> tuple[Any, ...]:
        return Intervention, (self._actions,)

    @classmethod
    def parse(cls, text: str) -> "Intervention":
        r"""Reads `do(x=1.5, price=shift(0.1))`, with or without the `do(...)`.

        A name or label that is no plain word stands in double quotes; a bare word as a value is a label.

        Raises:
            InterventionError: If the text is not of that form; the message shows where.

        Example:
            >>> Intervention.parse('"body mass"=1, style=formal').targets
            ('body mass', 'style')
        """
        return cls(Reader(text).actions())

    def to_json(self) -> dict[str, Any]:
        """The intervention as JSON: a value stands for itself, any other action is an object with its name.

        Raises:
            InterventionError: If a target is not text or an action is not one of this module's.
        """
        return {_json_target(target): _action_to_json(action) for target, action in self._actions.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Intervention":
        """The intervention that `to_json` wrote.

        Raises:
            InterventionError: If the data are not of that form.
        """
        if not isinstance(data, Mapping):
            raise InterventionError(f"an intervention is a JSON object, got {data!r}")
        return cls({target: _action_from_json(target, value) for target, value in data.items()})


def _json_target(target: Any) -> str:
    if not isinstance(target, str):
        raise InterventionError(f"only variables with a name can be written as JSON, got {target!r}")
    return target


def _action_to_json(action: Action) -> Any:
    if isinstance(action, Value):
        return list(action.value) if isinstance(action.value, tuple) else action.value
    name = type(action).__name__.lower()
    if ACTIONS.get(name) is not type(action):
        raise InterventionError(f"{action} cannot be written as JSON")
    if isinstance(action, Categorical):
        return {"action": name, "probabilities": [list(pair) for pair in action.probabilities]}
    return {"action": name, **vars(action)}


def _action_from_json(target: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    fields = dict(value)
    kind = ACTIONS.get(str(fields.pop("action", None)))
    try:
        if kind is None:
            raise TypeError
        if kind is Categorical:
            return Categorical(tuple((label, p) for label, p in fields["probabilities"]))
        return kind(**fields)
    except (TypeError, KeyError, ValueError) as error:
        if isinstance(error, InterventionError):
            raise
        raise InterventionError(f"{target!r} has an action that cannot be read: {dict(value)!r}") from None
