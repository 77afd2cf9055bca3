"""Sentences to be written in several varieties of a language: what is said, how a variety says it, and which it is.

pairs.jsonl      one {"source": ..., "target": ..., "variety": ...} a line
pairs.tsv        columns source, target and variety, in any order, with others beside them
folder           source.txt and one file a variety, north.txt, ..., line by line the same sentences
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, OptionError, join_names

__all__ = ["Parallel", "read_parallel"]

FIELDS = ("source", "target", "variety")


@dataclass(frozen=True)
class Parallel:
    """Rows of source, target and variety.

    Args:
        sources: What is said, in any language or code.
        targets: How the variety of the row says it.
        varieties: One a row.

    Raises:
        DataError: If the three differ in length, there is no row, or one is empty; names the row.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    varieties: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("sources", "targets", "varieties"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        lengths = [len(self.sources), len(self.targets), len(self.varieties)]
        if len(set(lengths)) > 1 or not lengths[0]:
            raise DataError("every row has a source, a target and a variety, got {}, {} and {}".format(*lengths))
        for row, fields in enumerate(zip(self.sources, self.targets, self.varieties, strict=True)):
            for name, text in zip(FIELDS, fields, strict=True):
                if not isinstance(text, str) or not text.strip():
                    raise DataError(f"row {row} has no {name}: drop it")

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def names(self) -> tuple[str, ...]:
        """The varieties, in the order in which they come."""
        return tuple(dict.fromkeys(self.varieties))

    def take(self, rows: Sequence[int]) -> "Parallel":
        """Some of the rows, in the order given."""
        return Parallel(
            tuple(self.sources[row] for row in rows),
            tuple(self.targets[row] for row in rows),
            tuple(self.varieties[row] for row in rows),
        )

    def joined(self, other: "Parallel") -> "Parallel":
        """These rows, and those of another after them."""
        return Parallel(self.sources + other.sources, self.targets + other.targets, self.varieties + other.varieties)

    def table(self) -> Table:
        """The same with the columns `source`, `target` and `variety`, as systems take it."""
        columns = dict(zip(FIELDS, (self.sources, self.targets, self.varieties), strict=True))
        return Table.of(
            {name: list(texts) for name, texts in columns.items()},
            kinds={"source": Kind.TEXT, "target": Kind.TEXT, "variety": Kind.LABEL},
        )

    def of(self, variety: str) -> "Parallel":
        """The rows of one variety.

        Raises:
            OptionError: If there is none.
        """
        rows = [row for row, name in enumerate(self.varieties) if name == variety]
        if not rows:
            raise OptionError(f"there is no variety {variety!r}, there are {join_names(self.names)}")
        return self.take(rows)


def read_parallel(source: "Parallel | str | Path | Mapping[str, Sequence[str]]") -> Parallel:
    """Rows from a file or folder, see the module, or from a mapping of the three columns.

    Raises:
        FormatError: If a line cannot be read, or line-aligned files differ in length; names file and line.
        DataError: As `Parallel`.
    """
    if isinstance(source, Parallel):
        return source
    if isinstance(source, Mapping):
        if missing := [name for name in FIELDS if name not in source]:
            raise FormatError(f"the rows lack {missing[0]!r}: they have source, target and variety")
        return Parallel(tuple(source["source"]), tuple(source["target"]), tuple(source["variety"]))
    path = Path(source)
    if path.is_dir():
        rows = list(_folder(path))
    elif not path.is_file():
        raise FormatError(f"there is no file or folder {path}")
    elif path.suffix == ".jsonl":
        rows = list(_json_lines(path))
    elif path.suffix == ".tsv":
        rows = list(_table(path))
    else:
        raise FormatError(f"{path} is none of .jsonl, .tsv and a folder of .txt files")
    if not rows:
        raise FormatError(f"{path} holds no row")
    sources, targets, varieties = zip(*rows, strict=True)
    return Parallel(sources, targets, varieties)


def _json_lines(path: Path) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            yield row["source"], row["target"], row["variety"]
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{path}, line {number}, is no JSON object with source, target and variety ({error})"
            ) from None


def _table(path: Path) -> Iterator[tuple[str, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if missing := [name for name in FIELDS if name not in (lines.fieldnames or ())]:
            raise FormatError(f"{path} has no column {missing[0]!r}: its first line names source, target and variety")
        for row in lines:
            if None in (fields := [row[name] for name in FIELDS]):
                raise FormatError(f"{path}, line {lines.line_num}, has fewer fields than the first line")
            yield fields[0], fields[1], fields[2]


def _folder(path: Path) -> Iterator[tuple[str, str, str]]:
    files = sorted(path.glob("*.txt"))
    if path / "source.txt" not in files or len(files) < 2:
        held = join_names(file.name for file in files) or "none of them"
        raise FormatError(f"a folder holds source.txt and one .txt file a variety, {path} has {held}")
    sources = (path / "source.txt").read_text(encoding="utf-8").splitlines()
    for file in files:
        if file.name == "source.txt":
            continue
        targets = file.read_text(encoding="utf-8").splitlines()
        if len(targets) != len(sources):
            raise FormatError(
                f"{file} has {len(targets)} lines and source.txt {len(sources)}: line "
                f"{min(len(targets), len(sources)) + 1} of the longer one has no partner"
            )
        for said, target in zip(sources, targets, strict=True):
            yield said, target, file.stem
