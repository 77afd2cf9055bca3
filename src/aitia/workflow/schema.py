"""The options of a system, read from its `Config`: names, defaults, what they may be, and what they mean."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, get_type_hints

from aitia.workflow.options import described

__all__ = ["Option", "argument_lines", "options_of"]


@dataclass(frozen=True)
class Option:
    """An option of a `Config`.

    Args:
        name: As it is typed.
        default: Its value where nobody sets it.
        allowed: What it may be, in words.
        about: What it means, in a sentence.
        flag: Whether it is true or false.
    """

    name: str
    default: Any
    allowed: str
    about: str
    flag: bool


def options_of(config: type) -> tuple[Option, ...]:
    """The options of a dataclass, in its order."""
    hints = get_type_hints(config)
    about: dict[str, str] = {}
    for part in reversed(config.__mro__):
        if part is not object:
            about |= argument_lines(part.__doc__ or "")
    return tuple(
        Option(
            field.name,
            field.default
            if field.default is not MISSING
            else field.default_factory()
            if field.default_factory is not MISSING
            else None,
            described(hints[field.name]),
            about.get(field.name, ""),
            hints[field.name] is bool,
        )
        for field in fields(config)
        if field.init
    )


def argument_lines(docstring: str) -> Mapping[str, str]:
    """What the `Args:` part of a docstring says of each argument.

    Example:
        >>> argument_lines("One.\\n\\nArgs:\\n    steps: How many;\\n        at least 1.\\n\\nRaises:")
        {'steps': 'How many; at least 1.'}
    """
    found: dict[str, str] = {}
    lines = inspect.cleandoc(docstring).splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip() == "Args:"), None)
    if start is None:
        return found
    name = ""
    for line in lines[start + 1 :]:
        if line and not line.startswith(" "):
            break
        if entry := re.match(r" {4}(\w+(?:, \w+)*):\s*(.*)", line):
            name = entry.group(1)
            found |= dict.fromkeys(name.split(", "), entry.group(2))
        elif name and line.strip():
            found |= {each: f"{found[each]} {line.strip()}".strip() for each in name.split(", ")}
    return found
