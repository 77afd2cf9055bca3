"""Names that a user gives to a system, told apart: roles and subjects of its card, and options of its `Config`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aitia.card import Card
from aitia.errors import OptionError, join_names
from aitia.guard import read_json
from aitia.workflow.options import nearest, option_names, parse_options

if TYPE_CHECKING:
    from aitia.system import System

__all__ = ["configured", "needs_rows", "sorted_names"]


def sorted_names(card: Card, config: type, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is given by name, as what the card takes and as options.

    Args:
        card: Of the system.
        config: Its `Config`.
        given: By name; a name with hyphens is one with underscores.

    Returns:
        Roles and subjects, and options, as they were given.

    Raises:
        OptionError: If the system has no role, subject or option of a name, of which the nearest of all three is told,
            or the address of a client may hold a key.
        FormatError: If a value is a folder of a model and its `config.json` cannot be read.
    """
    takes, options = (*card.takes, *card.subjects), option_names(config)
    of: dict[str, Any] = {}
    set_: dict[str, Any] = {}
    for text, value in given.items():
        name = text if text in takes or text in options else text.replace("-", "_")
        if name in of or name in set_:
            raise OptionError(f"{name!r} is given twice, once as {text!r}: give it once")
        if name in card.subjects and card.subjects[name].kind == "client" and isinstance(value, str):
            _check_address(value)
        _check_folder(value)
        if name in takes:
            of[name] = _columns(value) if name in card.takes and card.takes[name].many else value
        elif name in options:
            set_[name] = value
        else:
            known = (*takes, *options)
            raise OptionError(
                f"{card.slug} has no role, subject or option {text!r}.{nearest(name, known)} {_known(card, options)}"
            )
    return of, set_


def _check_address(text: str) -> None:
    """Refuses an address that may hold a key, before a folder is written in which it would stand."""
    if text.startswith(("http://", "https://")):
        from aitia.text.transport import checked_address

        checked_address(text.partition("#")[0])


def _check_folder(value: Any) -> None:
    """Refuses a folder of a model whose JSON is damaged or nested too deeply for the libraries that would read it."""
    if isinstance(value, str | Path) and os.path.isdir(value):
        for name in ("config.json", "model_index.json"):
            if os.path.isfile(place := os.path.join(value, name)):
                read_json(place, dict)


def needs_rows(card: Card) -> bool:
    """Whether a fit without rows is none: a role must be there, or there is no subject that could stand alone."""
    return bool(card.rows) and (
        any(role.needed and name not in card.fills for name, role in card.takes.items()) or not card.subjects
    )


def configured(cls: "type[System]", options: Mapping[str, Any], seed: int) -> Any:
    """The config with these options, and the seed where it has one.

    Raises:
        OptionError: If an option is unknown or out of range.
    """
    values = parse_options(cls.Config, options, of=cls.card.slug)
    if "seed" in option_names(cls.Config):
        values = {"seed": seed, **values}
    return cls.Config(**values)


def _columns(value: Any) -> Any:
    """Names between commas, as the command line gives them."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _known(card: Card, options: Sequence[str]) -> str:
    parts = (("Roles", card.takes), ("Subjects", card.subjects), ("Options", options))
    return " ".join(f"{what}: {join_names(names, 40)}." for what, names in parts if names)
