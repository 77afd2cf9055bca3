"""The form of a system, from its card and its Config: what stands in it, and the command that it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from aitia.errors import OptionError
from aitia.studio.places import local_place, rows_said
from aitia.studio.workspace import Workspace
from aitia.system.registry import Entry
from aitia.workflow.missing import policy
from aitia.workflow.names import needs_rows
from aitia.workflow.options import parse_options
from aitia.workflow.schema import options_of
from aitia.workflow.source import WORLD, find_world

__all__ = ["SHARED", "Field", "fields_of", "fit_words"]

SHARED = ("rows", "size", "seed", "test_share", "missing")
"""What every system takes beside its own options, as the command line names it."""
_WHOLE = ("rows", "size", "seed")


@dataclass(frozen=True)
class Field:
    """A field for an option.

    Args:
        name: Of the option.
        about: What it means.
        allowed: What it may be, in words.
        default: Its value where nobody sets it, as text.
        choices: What it may be, where that can be listed.
    """

    name: str
    about: str
    allowed: str
    default: str
    choices: tuple[str, ...] = ()


def fields_of(config: type) -> tuple[Field, ...]:
    """A field for each option of a Config; the seed stands beside what every system takes."""
    hints = get_type_hints(config)
    return tuple(
        Field(o.name, o.about, o.allowed, _text(o.default), _choices(hints[o.name]))
        for o in options_of(config)
        if o.name not in SHARED
    )


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def _choices(wanted: Any) -> tuple[str, ...]:
    """The values of a type, where it has few; none where a value is written."""
    if wanted is bool:
        return ("true", "false")
    if wanted is type(None):
        return ("none",)
    if get_origin(wanted) is Literal:
        return tuple(str(value) for value in get_args(wanted))
    if get_origin(wanted) in (Union, UnionType):
        parts = [_choices(part) for part in get_args(wanted)]
        return tuple(choice for part in parts for choice in part) if all(parts) else ()
    return ()


def fit_words(
    workspace: Workspace, entry: Entry, form: Mapping[str, str], within: Path | None = None
) -> tuple[list[str], str]:
    """The words of `aitia run` that a form says, without `--out`; and what its rows are called.

    Args:
        workspace: Of the studio.
        entry: The system.
        form: `data`, `role.NAME`, `subject.NAME`, `option.NAME`, and those of `SHARED`; what is empty is not said.
        within: Where places of this machine must lie; anywhere if None.

    Raises:
        AitiaError: If a field is of nothing that the system takes, or its value cannot be.
    """
    card, said = entry.card, {name: value.strip() for name, value in form.items() if value.strip()}
    data = rows_said(workspace, said.pop("data", ""), within)
    words = ["run", card.slug, *([] if data is None else ["--data", data])]
    if data is None and needs_rows(card):
        raise OptionError(f"{card.slug} is fitted to rows ({' or '.join(card.rows)}): choose some")
    options: dict[str, str] = {}
    for field, value in said.items():
        part, _, name = field.partition(".")
        if part == "role" and name in card.takes:
            words += ["--role", f"{name}={value}"]
        elif part == "subject" and name in card.subjects:
            words.append(f"--{name.replace('_', '-')}={_subject(card.subjects[name].kind, value, within)}")
        elif part == "option":
            options[name] = _option(value, within)
        elif field in SHARED:
            words += [f"--{field.replace('_', '-')}", _shared(entry, field, value)]
        else:
            raise OptionError(f"{card.slug} has no {part} {name[:60] or field[:60]!r}")
    if lacking := [n for n, subject in card.subjects.items() if subject.needed and f"subject.{n}" not in said]:
        raise OptionError(f"{card.slug} needs {lacking[0]}: say the folder where it is")
    config = entry.config()
    config(**parse_options(config, options, of=card.slug))  # refuses what is out of range before a job waits
    words += [part for name, value in options.items() for part in ("--option", f"{name}={value}")]
    return words, "" if data is None else Path(data.removeprefix(WORLD)).name


def _subject(kind: str, said: str, within: Path | None) -> str:
    if kind == "world":
        find_world(said)
        return said
    return str(local_place(said, within))


def _option(said: str, within: Path | None) -> str:
    """A value; one that reads as a place is one of this machine, and none is an address or a name of the Hub."""
    if "://" in said:
        raise OptionError(f"{said[:60]!r} is an address, and none is opened from here")
    path = not any(mark.isspace() for mark in said) and ("/" in said or said.startswith("~"))
    return str(local_place(said, within)) if path else said


def _shared(entry: Entry, name: str, said: str) -> str:
    if name == "missing":
        policy(entry.config(), said)
        return said
    try:
        return str(int(said) if name in _WHOLE else float(said))
    except ValueError:
        raise OptionError(f"{name.replace('_', ' ')} is a number, got {said[:20]!r}") from None
