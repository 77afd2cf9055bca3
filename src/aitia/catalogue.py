"""The catalogue of systems, read from the cards in the code, so that no list of them can drift.

python -m aitia.catalogue README.md [--check]      writes the table between the two marks in the file
"""

import sys
from pathlib import Path

from aitia.evidence import verdict_of
from aitia.system.registry import Entry, find
from aitia.system.registry import systems as every_system

__all__ = ["find", "markdown", "systems"]

_BEGIN, _END = "<!-- systems:begin -->", "<!-- systems:end -->"


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


def main(arguments: list[str]) -> int:
    """Writes the table into the file, or with --check says whether it is up to date."""
    path = Path(arguments[0])
    text = path.read_text()
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        print(f"{path} has no place for the table: put {_BEGIN} and {_END} into it", file=sys.stderr)
        return 1
    new = f"{before}{begin}\n{markdown()}\n{end}{after}"
    if "--check" in arguments:
        if new != text:
            print(f"the table of systems in {path} is out of date: run `make ledger`", file=sys.stderr)
        return int(new != text)
    path.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
