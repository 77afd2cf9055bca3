"""Checks that the options of several methods share."""

from collections.abc import Sequence

from aitia.errors import OptionError

__all__ = ["need_at_least", "need_one_of"]


def need_one_of(options: object, **allowed: Sequence[str]) -> None:
    """Refuses a value that is not among those allowed.

    Args:
        options: What has the options as attributes.
        allowed: By name of the option.

    Raises:
        OptionError: Names the option, what is allowed, and what was given.
    """
    for name, values in allowed.items():
        if getattr(options, name) not in values:
            raise OptionError(f"{name} is one of {', '.join(values)}, got {getattr(options, name)!r}")


def need_at_least(options: object, **least: int) -> None:
    """Refuses a number that is too small.

    Args:
        options: What has the options as attributes.
        least: By name of the option.

    Raises:
        OptionError: Names the option, its least value, and what was given.
    """
    for name, value in least.items():
        if getattr(options, name) < value:
            raise OptionError(f"{name} is at least {value}, got {getattr(options, name)}")
