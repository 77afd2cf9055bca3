"""A system on the terminal: what it takes, its options, and an example, all read from its card and its `Config`."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aitia.errors import AitiaError

if TYPE_CHECKING:
    from aitia.card import Card
    from aitia.system import Entry

__all__ = ["described", "takes_lines"]

WIDE = 110


def described(entry: "Entry") -> str:
    """The text of `aitia run SYSTEM --help`."""
    card = entry.card
    lines = [f"aitia run {card.slug} - {card.title} ({card.year})", "", *_wrapped(card.task)]
    lines += ["", f"Data: {' or '.join(card.rows) if card.rows else 'none'} (--data PATH, or a world's name)"]
    lines += takes_lines(card)
    lines += ["", f"do {card.does or 'sets nothing'}", *_wrapped(card.do, 2)]
    lines += ["", f"Verbs: {', '.join(card.verbs) or 'none beside do'}"]
    lines += ["", "Options (--name value, or --option name=value)", *_options(entry)]
    lines += [
        "",
        "Shared: --rows --size --world name=value (of a world), --missing, --test-share, --seed, --out, --json,",
    ]
    lines += ["and how a table is read (aitia run --help)"]
    lines += ["", "For example", *(f"  {line}" for line in _examples(card))]
    return "\n".join(lines)


def takes_lines(card: "Card") -> list[str]:
    """Roles and subjects, a line each."""
    lines: list[str] = []
    if card.takes:
        lines += ["", "Roles of columns (--name column, or --role name=column)"]
    for name, role in card.takes.items():
        kind = f"{role.kind}{', several between commas' if role.many else ''}"
        found = " or ".join(dict.fromkeys((name, *role.names)))
        if name in card.fills:
            need = "filled where it is empty"
        elif role.rest:
            need = "if absent, all that are left"
        else:
            need = f"{'needed' if role.needed else 'optional'}; if absent, the column {found}"
        lines += _entry(f"--{name.replace('_', '-')}", f"{role.about or name} ({kind}; {need})")
    if card.subjects:
        lines += ["", "Subjects"]
    words = {
        "network": "a Hugging Face id or folder, or package.module:name",
        "client": "an address#model, or a folder",
        "world": "the name of a world",
    }
    for name, subject in card.subjects.items():
        need = "needed" if subject.needed else "optional"
        lines += _entry(f"--{name.replace('_', '-')}", f"{subject.about or name} ({words[subject.kind]}; {need})")
    return lines


def _options(entry: "Entry") -> list[str]:
    from aitia.workflow.schema import options_of

    try:
        options = options_of(entry.config())
    except AitiaError as error:  # a package that it needs is missing: the card can still be read
        return [f"  {error}"]
    lines: list[str] = []
    for option in options:
        if option.name == "seed":
            continue
        default = _written(option.default)
        name = option.name.replace("_", "-")
        lines += _entry(f"--{name}", f"{option.about} ({option.allowed}; default {default})".strip())
    return lines or ["  none"]


def _written(default: object) -> str:
    """A default as it would be typed."""
    if isinstance(default, tuple):
        return ",".join(map(str, default)) or "empty"
    return "none" if default is None else str(default) or "empty"


def _examples(card: "Card") -> list[str]:
    named = [f"--{name.replace('_', '-')} {name.upper()}" for name, role in card.takes.items() if _told(card, name)]
    named += [f"--{name.replace('_', '-')} {name.upper()}" for name, s in card.subjects.items() if s.needed]
    data = {"table": "table.csv", "clips": "clips/", "tracks": "tracks/", "recordings": "recordings/"}
    where = [f"--data {data[card.rows[0]]}"] if card.rows else []
    return [
        " ".join(["aitia run", card.slug, *where, *named, "--out", f"{card.slug}-run"]),
        f"aitia run {card.slug} --example --out {card.slug}-run",
    ]


def _told(card: "Card", name: str) -> bool:
    return card.takes[name].needed and not card.takes[name].rest


def _entry(name: str, about: str) -> list[str]:
    wrapped = textwrap.wrap(about, WIDE - 26) or [""]
    head = f"  {name:<22}  {wrapped[0]}"
    if len(name) > 22:
        return [f"  {name}", *(f"{'':<26}{line}" for line in wrapped)]
    return [head, *(f"{'':<26}{line}" for line in wrapped[1:])]


def _wrapped(text: str, indent: int = 0) -> Sequence[str]:
    return textwrap.wrap(text, WIDE, initial_indent=" " * indent, subsequent_indent=" " * indent)
