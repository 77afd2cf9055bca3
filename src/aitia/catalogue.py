"""The catalogue of systems, read from the cards in the code, so that no list of them can drift.

python -m aitia.catalogue README.md [--check]      writes the table between the two marks in the file
"""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path

from aitia.card import Card
from aitia.errors import OptionError
from aitia.evidence import verdict_of

__all__ = ["Listed", "find", "markdown", "systems"]

_HOMES = (
    "aitia.systems.domain_counterfactuals.model",
    "aitia.systems.cadet.model",
    "aitia.systems.causal_info_min.model",
    "aitia.systems.causal_motion.model",
    "aitia.systems.causalverse.model",
    "aitia.systems.cd_nod.model",
    "aitia.systems.dynamic_connectomes.model",
    "aitia.systems.gcrl.model",
    "aitia.systems.gde.model",
    "aitia.systems.hca.model",
    "aitia.systems.tabpfn.model",
    "aitia.systems.alignment_hurts.model",
    "aitia.systems.causalm.model",
    "aitia.systems.faithful_matching.model",
    "aitia.systems.path_interventions.model",
)
"""Modules that hold a class with a card; a new system adds its line."""

_BEGIN, _END = "<!-- systems:begin -->", "<!-- systems:end -->"


@dataclass(frozen=True)
class Listed:
    """A system in the catalogue.

    Args:
        card: What it says of itself.
        cls: The class.
        module: Where it lives.
    """

    card: Card
    cls: type
    module: str

    @property
    def file(self) -> str:
        """The file, from the root of the project."""
        return f"src/{self.module.replace('.', '/')}.py"


def systems() -> tuple[Listed, ...]:
    """Every system, by slug."""
    found = []
    for name in _HOMES:
        module = importlib.import_module(name)
        for value in vars(module).values():
            card = vars(value).get("card") if isinstance(value, type) and value.__module__ == name else None
            if isinstance(card, Card):
                found.append(Listed(card, value, name))
    return tuple(sorted(found, key=lambda listed: listed.card.slug))


def find(slug: str) -> Listed:
    """The system of this slug.

    Raises:
        OptionError: If there is none; names the nearest.
    """
    import difflib

    listed = {s.card.slug: s for s in systems()}
    if slug not in listed:
        close = difflib.get_close_matches(slug, listed, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise OptionError(f"there is no system {slug!r}.{hint} There are: {', '.join(listed)}")
    return listed[slug]


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
