"""Options as people type them, `name=value`, turned into the values that a class takes."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from inspect import signature
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from aitia.errors import OptionError, join_names

__all__ = ["described", "nearest", "option_names", "parse_options"]


def option_names(cls: type) -> tuple[str, ...]:
    """The options of a dataclass, or the arguments of a class."""
    return tuple(_types(cls))


def parse_options(cls: type, given: Mapping[str, Any], *, of: str) -> dict[str, Any]:
    """The options with values of the types that the class declares; what is no text is taken as it is.

    Args:
        cls: A dataclass, or a class whose arguments have types.
        given: Value of each option.
        of: What the options belong to, for messages.

    Raises:
        OptionError: If the class has no such option (the nearest is named), or a text is none of its values.

    Example:
        >>> from aitia.train import TrainConfig
        >>> parse_options(TrainConfig, {"steps": "20", "clip": "none"}, of="training")
        {'steps': 20, 'clip': None}
    """
    known = _types(cls)
    for name in given:
        if name not in known:
            raise OptionError(f"{of} has no option {name!r}.{nearest(name, known)} It has: {join_names(known, 40)}")
    return {name: _value(name, value, known[name], of) for name, value in given.items()}


def nearest(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """` Did you mean 'x'?`, or nothing."""
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _types(cls: type) -> dict[str, Any]:
    if is_dataclass(cls):
        hints = get_type_hints(cls)
        return {field.name: hints[field.name] for field in fields(cls) if field.init}
    hints = get_type_hints(cls.__init__)  # type: ignore[misc]  # of this very class
    return {name: hints.get(name, Any) for name in signature(cls).parameters}


def _value(name: str, text: Any, wanted: Any, of: str) -> Any:
    if not isinstance(text, str):
        return text
    given: Any = text
    if type(None) in get_args(wanted) and text.lower() in ("none", "null", ""):
        return None
    if any(get_origin(part) is tuple or _is_sequence(part) for part in _parts(wanted)):
        given = tuple(part.strip() for part in text.strip("()[]").split(",") if part.strip())
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(wanted).validate_python(given)
    except ValidationError:
        raise OptionError(f"{of}: {name} is {described(wanted)}, got {text!r}") from None


def _parts(wanted: Any) -> tuple[Any, ...]:
    return get_args(wanted) if get_origin(wanted) in (Union, types.UnionType) else (wanted,)


def _is_sequence(wanted: Any) -> bool:
    origin = get_origin(wanted)
    return isinstance(origin, type) and issubclass(origin, Sequence)


def described(wanted: Any) -> str:
    """A type in words."""
    if get_origin(wanted) in (Union, types.UnionType):
        parts = get_args(wanted)
        named = [value for part in parts if get_origin(part) is Literal for value in get_args(part)]
        told = [described(part) for part in parts if get_origin(part) is not Literal and part is not type(None)]
        told += [f"one of {', '.join(map(str, named))}"] if named else []
        return " or ".join([*told, *(["none"] if type(None) in parts else [])])
    if get_origin(wanted) is Literal:
        return "one of " + ", ".join(str(value) for value in get_args(wanted))
    if get_origin(wanted) is tuple or _is_sequence(wanted):
        inner = next((part for part in get_args(wanted) if part is not Ellipsis), Any)
        return f"values between commas, each {described(inner)}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", type(None): "none"}
    return words.get(wanted, f"a {getattr(wanted, '__name__', wanted)}")
