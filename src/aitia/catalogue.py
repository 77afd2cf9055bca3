"""The catalogue of systems, read from the cards in the code, so that no list of them can drift.

python -m aitia.catalogue FILE [--check]      writes a table between its two marks in the file: `systems`, or `contract`
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from aitia.card import Role
from aitia.evidence import verdict_of
from aitia.system.registry import Entry, find
from aitia.system.registry import systems as every_system

__all__ = ["contract", "find", "markdown", "systems"]


def systems() -> tuple[Entry, ...]:
    """Every published system of ours, by slug; members of a suite stand under theirs."""
    ours = (entry for entry in every_system().values() if entry.package.startswith("aitia."))
    return tuple(entry for entry in ours if entry.card.member_of is None)


def markdown() -> str:
    """The table of systems for the README."""
    lines = ["| system | year | task | file | what the paper says | measured here |", "|---|---|---|---|---|---|"]
    lines += [
        f"| `{s.card.slug}`: {s.card.title} | {s.card.year} | {s.card.task} | [{s.file}]({s.file}) | {s.card.claim} | "
        f"[{verdict_of(s.card.slug)}](docs/ledger.md#{s.card.slug}) |"
        for s in systems()
    ]
    return "\n".join(lines)


def contract() -> str:
    """The table of what each system and member takes and answers, for the page of the contract."""
    lines = ["| system | rows | roles | subjects | `do` | verbs | why not |", "|---|---|---|---|---|---|---|"]
    for entry in every_system().values():
        if not entry.package.startswith("aitia."):
            continue
        card = entry.card
        name = f"*{card.slug}*" if card.member_of else f"**{card.slug}**"
        roles = "; ".join(_role(role, told, role in card.fills) for role, told in card.takes.items())
        subjects = "; ".join(f"{n}{'' if s.needed else '?'}: {s.kind}" for n, s in card.subjects.items())
        why = "; ".join(f"{verb}: {reason}" for verb, reason in card.absent.items())
        do, rows, verbs = (
            f"{card.does}. {card.do}" if card.does else card.do,
            ", ".join(card.rows),
            ", ".join(card.verbs),
        )
        cells = (name, rows, roles, subjects, do, verbs, why)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") or "-" for cell in cells) + " |")
    return "\n".join(lines)


def _role(name: str, role: Role, filled: bool) -> str:
    shown = f"**{name}**" if filled else name
    marks = ("" if role.needed else "?") + ("+" if role.many else "") + ("*" if role.rest else "")
    return f"{shown}{marks}: {role.kind}"


_TABLES: Mapping[str, Callable[[], str]] = {"systems": markdown, "contract": contract}


def main(arguments: list[str]) -> int:
    """Writes the table into the file, or with --check says whether it is up to date."""
    path = Path(arguments[0])
    text = path.read_text(encoding="utf-8")
    for name, table in _TABLES.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            continue
        new = f"{before}{begin}\n{table()}\n{end}{after}"
        if "--check" in arguments:
            if new != text:
                print(f"the table of {name} in {path} is out of date: run `make ledger`", file=sys.stderr)
            return int(new != text)
        path.write_text(new, encoding="utf-8")
        return 0
    marks = " or ".join(f"<!-- {name}:begin --> and <!-- {name}:end -->" for name in _TABLES)
    print(f"{path} has no place for a table: put {marks} into it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
