"""Options as JSON or YAML hold them: what is known of them, and dataclasses made from them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from aitia.errors import OptionError

__all__ = ["frozen", "known_options", "make", "one_of", "thawed"]


def one_of(what: str, given: object, known: tuple[str, ...]) -> None:
    """Refuses what is not known.

    Raises:
        OptionError: With the list of what is.
    """
    if given not in known:
        raise OptionError(f"{what} is one of {', '.join(known)}, got {given!r}")


def known_options(kind: type[Any], data: Any) -> dict[str, Any]:
    """The options of a dataclass, all of which it has.

    Raises:
        OptionError: If the data are no mapping, or an option is unknown.
    """
    if not isinstance(data, Mapping):
        raise OptionError(f"{kind.__name__} is a mapping, got {data!r}")
    names = [each.name for each in fields(kind)]
    if unknown := [name for name in data if name not in names]:
        raise OptionError(f"{kind.__name__} has no option {unknown[0]!r}; it has: {', '.join(names)}")
    return dict(data)


def make(kind: type[Any], data: Any) -> Any:
    """The dataclass that a mapping describes.

    Raises:
        OptionError: If an option is unknown or missing.
    """
    given = known_options(kind, data)
    try:
        return kind(**{name: frozen(value) for name, value in given.items()})
    except TypeError as error:
        raise OptionError(f"{kind.__name__} got {dict(given)}: {error}") from error


def frozen(value: Any) -> Any:
    """Lists as tuples, all the way down."""
    return tuple(frozen(item) for item in value) if isinstance(value, (list, tuple)) else value


def thawed(value: Any) -> Any:
    """Tuples as lists and mappings as dictionaries, all the way down."""
    if isinstance(value, Mapping):
        return {name: thawed(item) for name, item in value.items()}
    return [thawed(item) for item in value] if isinstance(value, (list, tuple)) else value
