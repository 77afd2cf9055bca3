"""From what a user names to what a system is given: a path, a data set of the Hub, a world, or rows in memory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from inspect import isabstract, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aitia.card import Card
from aitia.data.named import located
from aitia.data.spreadsheet import Reading
from aitia.data.subjects import Client
from aitia.errors import FormatError, OptionError, RunError, join_names
from aitia.workflow.options import nearest, parse_options

if TYPE_CHECKING:
    from aitia.system import Given
    from aitia.worlds.world import World

__all__ = ["Source", "asks", "find_world", "reads_of", "reads_over", "takes_argument", "world_names"]

WORLD = "world:"
"""Before a name that is a world's and no path."""
WORLD_ROWS, WORLD_ANIMALS, WORLD_SIZE = 1000, 8, 64
"""Rows of a world, of a world of recordings, and pixels on a side of its pictures, unless told otherwise."""
_STORED: Mapping[str, Any] = {
    "data": str | None,
    "rows": int | None,
    "size": int | None,
    "seed": int,
    "world": Mapping,
    "reads": Mapping,
    "in_memory": bool,
    "is_world": bool,
    "memory": None.__class__,
}
"""The types of what source.json says."""


@dataclass(frozen=True)
class Source:
    """Where rows are, or which world makes them.

    Args:
        data: A path, a data set of the Hub (`owner/name`), or the name of a world; None for no rows at all, or where
            `memory` has them. `Source.of` tells them apart.
        rows: Rows of a world; None draws 1000, or 8 animals of a world of recordings.
        size: Pixels on a side that pictures are scaled to; None leaves them, and draws a world's with 64.
        seed: Of a world's rows.
        world: Arguments of the world, by name.
        reads: Options of the reader, by name.
        in_memory: Whether the rows are in memory, and so cannot be found again.
        is_world: Whether `data` is the name of a world.
        memory: These rows: a frame, mapping, array, `Data` or `Given`.
    """

    data: str | None
    rows: int | None = None
    size: int | None = None
    seed: int = 0
    world: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, Any] = field(default_factory=dict)
    in_memory: bool = False
    is_world: bool = False
    memory: Any = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, data: Any, **more: Any) -> "Source":
        """The source that `data` names or is; a source is taken as it is.

        Raises:
            OptionError: If a world and a file or folder have the same name: `./NAME` is the one and `world:NAME` the
                other.
        """
        if isinstance(data, Source):
            return replace(data, **{name: value for name, value in more.items() if value is not None})
        told = {name: value for name, value in more.items() if value is not None}
        if data is None or isinstance(data, (str, Path)):
            place, is_world = _named(data)
            return cls(place, is_world=is_world, **told)
        return cls(None, in_memory=True, memory=data, **told)

    @property
    def name(self) -> str:
        """In a few words."""
        return self.data or ("rows in memory" if self.in_memory else "no rows")

    def resolved(self) -> "Source":
        """The same, with the rows and the size of a world's pictures said where nobody did."""
        if not self.is_world or self.data is None:
            return self
        many = WORLD_ANIMALS if _worlds()[self.data].seen == "signals" else WORLD_ROWS
        return replace(
            self,
            rows=many if self.rows is None else self.rows,
            size=WORLD_SIZE if self.size is None else self.size,
        )

    def read(self, card: Card, of: Mapping[str, Any], reads: Mapping[str, Any] | None = None) -> "Given":
        """What the system with this card is given.

        Args:
            card: Of the system.
            of: Roles and subjects, by name.
            reads: What else the system wants of the reader.

        Raises:
            OptionError: If there is no such world, or an option has no use for such data.
            FormatError: If nothing is there, or it cannot be read.
            DataError: If what is there cannot be used.
        """
        from aitia.system.given import Given
        from aitia.system.placing import read_rows

        if self.is_world and self.data is not None:
            full = self.resolved()
            if full.rows is None or full.rows < 1 or full.size is None or full.size < 4:
                raise OptionError(
                    f"rows of a world are 1 or more and pictures 4 or more pixels wide, got {full.rows}, {full.size}"
                )
            return Given.of_world(
                card, find_world(self.data, self.world), full.rows, seed=self.seed, size=full.size, **_split(card, of)
            )
        if self.rows is not None or self.world:
            raise OptionError(
                f"{self.name} is no world: rows and arguments are of worlds only.{nearest(self.name, world_names())}"
            )
        if self.data is None:
            return Given.of(card, self.memory, **of)
        path = located(self.data)
        if not path.exists() and (self.data.count("/") != 1 or self.data.startswith((".", "/", "~"))):
            raise FormatError(
                f"there is no file, folder or world {self.data!r}.{nearest(self.data, world_names())} "
                f"Worlds: {join_names(world_names(), 40)}"
            )
        rows = read_rows(card, self.data, of, self._options(reads))
        if path.exists():
            from aitia.workflow.pages import check_pages

            check_pages(rows, path)
        given = replace(Given.of(card, rows, **of), name=self.data)
        if asks(given.subjects):
            from aitia.text.shown import check_shown

            check_shown(rows, path)
        return given

    def _options(self, reads: Mapping[str, Any] | None) -> dict[str, Any]:
        size = {} if self.size is None else {"size": self.size}
        return {**(reads or {}), **size, **self.reads}

    def to_json(self) -> dict[str, Any]:
        """As JSON values, with a path in full, so that the rows are found again from anywhere."""
        here = None if self.data is None else Path(self.data) if self.is_world else located(self.data)
        return {
            "data": str(here.resolve()) if here is not None and not self.is_world and here.exists() else self.data,
            "rows": self.rows,
            "size": self.size,
            "seed": self.seed,
            "world": dict(self.world),
            "reads": dict(self.reads),
            "in_memory": self.in_memory,
            "is_world": self.is_world,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Source":
        """What `to_json` wrote.

        Raises:
            RunError: If it is not of that form.
        """
        try:
            source = cls(**{"is_world": told["is_world"], **told})
        except (KeyError, TypeError) as error:
            raise RunError(f"source.json is damaged or of an older version ({error}): fit again") from error
        for name, kind in _STORED.items():
            if not isinstance(value := getattr(source, name), kind):
                raise RunError(f"source.json is damaged ({name} is {str(value)[:40]}): fit again")
        return source


def reads_of(reading: Reading | None, kinds: Mapping[str, str] | None) -> dict[str, Any]:
    """Options of the reader in JSON values, without what is as usual."""
    told = {"how": {} if reading is None else reading.said(), "kinds": dict(kinds or {})}
    return {name: value for name, value in told.items() if value}


def reads_over(
    kept: Mapping[str, Any], reading: Reading | None = None, kinds: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Options of the reader for rows beside those of a fit: what is said, and where nothing is what the fit was told.

    Args:
        kept: As `reads_of` of the fit.
        reading: What is said of the file.
        kinds: What is said of columns, which then are there; those that the fit was told of may be absent.
    """
    how = (Reading() if reading is None else reading).over(Reading(**kept.get("how", {})))
    return {"how": how, "kinds": dict(kinds or {}), "expected": dict(kept.get("kinds", {}))}


def asks(subjects: Mapping[str, Any]) -> bool:
    """Whether one of the subjects is a model that is asked, and may be shown what rows name."""
    return any(isinstance(subject, Client) for subject in subjects.values())


def _named(data: str | Path | None) -> tuple[str | None, bool]:
    """A path or the name of a world, and whether it is the latter."""
    if data is None:
        return None, False
    text = str(data)
    if text.startswith(WORLD):
        _world_class(name := text.removeprefix(WORLD))
        return name, True
    if not re.fullmatch(r"[\w-]+", text) or text not in _worlds():
        return text, False
    if isinstance(data, Path):
        return f"./{text}", False
    if (here := Path(text)).exists():
        what = "folder" if here.is_dir() else "file"
        raise OptionError(
            f"{text!r} is a world and a {what} here: say ./{text} for the {what}, {WORLD}{text} for the world"
        )
    return text, True


def world_names() -> tuple[str, ...]:
    """The worlds that can be named, sorted."""
    return tuple(_worlds())


def find_world(name: str, arguments: Mapping[str, Any] | None = None) -> "World":
    """The world of this name.

    Raises:
        OptionError: If there is none, or it has no such argument; names the nearest.
    """
    kind = _world_class(name)
    return kind(**parse_options(kind, arguments or {}, of=f"the world {name}"))


def takes_argument(name: str, argument: str) -> bool:
    """Whether the world of this name has an argument of that name.

    Raises:
        OptionError: If there is no such world; names the nearest.
    """
    return argument in signature(_world_class(name)).parameters


def _world_class(name: str) -> "type[World]":
    """The class of the world of this name.

    Raises:
        OptionError: If there is none; names the nearest.
    """
    known = _worlds()
    if name not in known:
        raise OptionError(f"there is no world {name!r}.{nearest(name, known)} There are: {join_names(known, 40)}")
    return known[name]


def _worlds() -> "dict[str, type[World]]":
    import aitia.worlds
    from aitia.worlds.world import World

    classes = [getattr(aitia.worlds, name) for name in aitia.worlds.__all__]
    found = [c for c in classes if isinstance(c, type) and issubclass(c, World) and not isabstract(c)]
    return dict(sorted((c.name, c) for c in found))


def _split(card: Card, of: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "subjects": {name: value for name, value in of.items() if name in card.subjects},
        "roles": {name: value for name, value in of.items() if name in card.takes},
    }
