"""The systems there are: a walk over the folders of `aitia.systems`, and what other packages add by an entry point.

A folder `NAME` with `card.py`, in which stands `CARD`, is a system. Another package adds one by an entry point of the
group `aitia.systems` whose value is such a folder, as a dotted name. Cards are read without the code of the systems.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from aitia.card import Card
from aitia.errors import FormatError, MissingExtraError, OptionError, join_names

if TYPE_CHECKING:
    from aitia.system.base import System

__all__ = ["GROUP", "Broken", "Entry", "broken", "find", "systems"]

GROUP = "aitia.systems"
_FIRST_OF = {"data": "pandas", "nets": "torch", "language": "transformers"}
"""The package of each extra without which nothing that needs the extra works."""


@dataclass(frozen=True)
class Entry:
    """A system that is there.

    Args:
        card: What it says of itself.
        package: The dotted name of its folder.
    """

    card: Card
    package: str

    @property
    def file(self) -> str:
        """The file of the class, from the root of its project, for a system of ours."""
        return f"src/{self.package.replace('.', '/')}/{self.card.home.split(':')[0]}.py"

    def load(self) -> "type[System]":
        """The class.

        Raises:
            MissingExtraError: If a package that it needs is not installed.
        """
        if (package := _FIRST_OF.get(self.card.extra or "")) and find_spec(package) is None:
            raise self._needs(package)
        module, name = self.card.home.split(":")
        try:
            found: type[System] = getattr(import_module(f"{self.package}.{module}"), name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("aitia") or not self.card.extra:
                raise
            raise self._needs(error.name) from error
        return found

    def _needs(self, package: str) -> MissingExtraError:
        return MissingExtraError(
            f"{self.card.slug} needs {package}, which is not installed: pip install 'aitia[{self.card.extra}]'"
        )

    def config(self) -> type:
        """The class of its options, from `config.py` where it stands there: to read it takes no torch.

        It bears the name of the class with `Config` behind it.

        Raises:
            MissingExtraError: If it has to be read from the class, and a package that that needs is not installed.
        """
        name = f"{self.package}.config"
        wanted = f"{self.card.home.split(':')[1]}Config"
        try:
            found = getattr(import_module(name), wanted, None)
        except ModuleNotFoundError as error:
            if error.name != name and error.name is not None and error.name.startswith("aitia"):
                raise
            found = None
        return found if isinstance(found, type) else self.load().Config


@dataclass(frozen=True)
class Broken:
    """A system that could not be read, and why."""

    name: str
    why: str


def systems() -> dict[str, Entry]:
    """Every system by its slug, sorted; those that cannot be read are in `broken`."""
    return dict(_walk()[0])


def broken() -> tuple[Broken, ...]:
    """What stands where a system should, and could not be read."""
    return _walk()[1]


def find(slug: str) -> Entry:
    """The system of this slug.

    Raises:
        OptionError: If there is none; names the nearest.
    """
    known = systems()
    if slug not in known:
        close = get_close_matches(slug, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        why = next((f" {b.name} cannot be read: {b.why}." for b in broken() if slug.replace("-", "_") in b.name), "")
        raise OptionError(f"there is no system {slug!r}.{hint}{why} There are: {join_names(known, 60)}")
    return known[slug]


@cache
def _walk() -> tuple[dict[str, Entry], tuple[Broken, ...]]:
    found: dict[str, Entry] = {}
    odd: list[Broken] = []
    for package, source in (*_ours(), *_others()):
        try:
            card = getattr(import_module(f"{package}.card"), "CARD", None)
            if not isinstance(card, Card):
                raise FormatError(f"{package}/card.py defines no CARD")
            if card.slug in found:
                raise FormatError(f"{found[card.slug].package} has the slug {card.slug!r} already")
            found[card.slug] = Entry(card, package)
        except Exception as error:  # whatever somebody else's package throws: the rest works
            told = "it has no card.py" if _lacks_card(error, package) else str(error) or type(error).__name__
            odd.append(Broken(source, told))
    return dict(sorted(found.items())), tuple(odd)


def _lacks_card(error: Exception, package: str) -> bool:
    return isinstance(error, ModuleNotFoundError) and error.name == f"{package}.card"


def _ours() -> Iterator[tuple[str, str]]:
    for folder in sorted((Path(__file__).parents[1] / "systems").iterdir()):
        if folder.is_dir() and folder.name.isidentifier() and not folder.name.startswith("__"):
            yield f"aitia.systems.{folder.name}", f"the folder systems/{folder.name}"


def _others() -> Iterator[tuple[str, str]]:
    from importlib.metadata import entry_points

    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        yield point.value, f"the plugin {point.name} ({point.value})"
