"""Questions as data: what is given, what is asked, the options, the label and how the label was derived.

A file of questions is JSONL, Parquet or CSV with a column for each field of `Question`; further columns stand in
`more`. In CSV a list is JSON, as `aitia world` writes it. Pictures are named by their places relative to the file, and
none may lie outside of its folder.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aitia.errors import FormatError, OptionError
from aitia.files import write_whole
from aitia.guard import guarded, parse_json, read_text
from aitia.text.choices import LETTERS, check_options
from aitia.text.prompts import Prompt

__all__ = ["Question", "orders", "read_questions", "write_questions"]

_TEXTS = ("premise", "question", "id", "group", "derived", "world")
LONGEST = 1_000_000
"""Characters of a field; a file with more holds something else."""


@dataclass(frozen=True)
class Question:
    """One question with its options.

    Args:
        premise: What is given; may be empty.
        question: What is asked.
        options: What may be answered, 2 to 26, no two alike.
        label: The right one, in its words; None where nobody knows.
        id: Names it; no two of a file are the same.
        group: What it stands or falls with, such as its class of graphs; scores are bootstrapped over groups.
        derived: How the label was derived.
        world: What it was made from.
        seed: Of that world.
        pictures: Files that are shown with it, in order.
        more: Further fields.

    Raises:
        OptionError: If nothing is asked, an option is empty or two are alike, or the label is none of them.

    Example:
        >>> print(Question("A correlates with B.", "Does A cause B?", ("Yes", "No"), label="No").prompt())
        A correlates with B.
        <BLANKLINE>
        Does A cause B?
        A. Yes
        B. No
        Answer with one letter, A or B.
    """

    premise: str
    question: str
    options: tuple[str, ...]
    label: str | None = None
    id: str = ""
    group: str = ""
    derived: str = ""
    world: str = ""
    seed: int = 0
    pictures: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _TEXTS:
            if not isinstance(getattr(self, name), str):
                raise OptionError(f"{name} is text, got {str(getattr(self, name))[:60]!r}")
        _check_texts("options", self.options)
        _check_texts("pictures", self.pictures)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise OptionError(f"seed is a whole number, got {self.seed!r}")
        object.__setattr__(self, "options", tuple(self.options))
        object.__setattr__(self, "pictures", tuple(self.pictures))
        object.__setattr__(self, "more", MappingProxyType(dict(self.more)))
        if not self.question.strip():
            raise OptionError("the question is empty")
        check_options(self.options)
        if self.label is not None and self.label not in self.options:
            shown = ", ".join(repr(option[:40]) for option in self.options)
            raise OptionError(f"the label is one of the options {shown}, got {str(self.label)[:60]!r}")

    @property
    def answer(self) -> int | None:
        """The number of the right option."""
        return None if self.label is None else self.options.index(self.label)

    def ordered(self, order: Sequence[int] | None = None) -> tuple[str, ...]:
        """The options in an order.

        Raises:
            OptionError: If the order does not name each option once.
        """
        if order is None:
            return self.options
        if sorted(order) != list(range(len(self.options))):
            raise OptionError(f"an order names each of {len(self.options)} options once, got {list(order)}")
        return tuple(self.options[k] for k in order)

    def prompt(self, order: Sequence[int] | None = None) -> str:
        """Premise, question and lettered options as one text.

        Args:
            order: Numbers of the options in the order in which they get letters; None takes that of the options.
        """
        listed = self.ordered(order)
        lines = [self.premise.strip(), ""] if self.premise.strip() else []
        lines += [self.question.strip(), *(f"{LETTERS[k]}. {option}" for k, option in enumerate(listed))]
        letters = LETTERS[: len(listed)]
        return "\n".join([*lines, f"Answer with one letter, {', '.join(letters[:-1])} or {letters[-1]}."])

    def shown(self, order: Sequence[int] | None = None) -> Prompt:
        """The prompt with its pictures."""
        return Prompt(self.prompt(order), self.pictures)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what is empty is left out."""
        own = {"premise": self.premise, "question": self.question, "options": list(self.options), "label": self.label}
        rest = {name: getattr(self, name) for name in ("id", "group", "derived", "world")}
        rest |= {"seed": self.seed, "pictures": list(self.pictures)}
        return own | {name: value for name, value in rest.items() if value} | dict(self.more)

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> "Question":
        """The question that `to_json` gave, or that a user wrote.

        Raises:
            OptionError: As for the class, or if a needed field is missing.
        """
        if missing := [name for name in ("question", "options") if held.get(name) is None]:
            raise OptionError(f"a question has the fields question and options, this one lacks {missing[0]}")
        own = {name: held[name] for name in _FIELDS if held.get(name) is not None}
        if isinstance(own.get("id"), int) and not isinstance(own["id"], bool):
            own["id"] = str(own["id"])
        return cls(**({"premise": ""} | own), more={name: v for name, v in held.items() if name not in _FIELDS})


def _check_texts(name: str, given: Any) -> None:
    if not isinstance(given, Sequence) or isinstance(given, str) or not all(isinstance(part, str) for part in given):
        raise OptionError(f"{name} are a list of texts, got {str(given)[:60]!r}")


_FIELDS = ("premise", "question", "options", "label", *_TEXTS[2:], "seed", "pictures")


def orders(n: int, which: str = "both") -> list[tuple[int, ...]]:
    """Orders in which n options are shown.

    Args:
        n: Options.
        which: `given` alone, `both` (as given and from the last to the first), or `rotations`: each option once in
            each place.

    Raises:
        OptionError: If there is no such set of orders.

    Example:
        >>> orders(3, "rotations")
        [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    """
    given = tuple(range(n))
    if which == "given":
        return [given]
    if which == "both":
        return [given, given[::-1]]
    if which == "rotations":
        return [given[k:] + given[:k] for k in range(n)]
    raise OptionError(f"orders are given, both or rotations, got {which!r}")


def read_questions(path: str | Path) -> list[Question]:
    """The questions of a JSONL, Parquet or CSV file; those without an id are named by their line, or row, from 1.

    Raises:
        FormatError: If the file cannot be read, a line of it is no question (says which), an id stands twice, or a
            picture lies outside of the folder.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in _READERS:
        raise FormatError(f"questions are read from .jsonl, .parquet or .csv, got {path.name}")
    found: list[Question] = []
    seen: dict[str, int] = {}
    for number, held in _READERS[kind](path):
        place = f"{'row' if kind == '.parquet' else 'line'} {number} of {path}"
        try:
            question = Question.from_json(held)
        except OptionError as error:
            raise FormatError(f"{place}: {error}") from error
        if long := [name for name in _TEXTS if len(getattr(question, name)) > LONGEST]:
            raise FormatError(f"{place}: {long[0]} has over {LONGEST:,} characters")
        question = replace(question, id=question.id or str(number), pictures=_inside(path.parent, question, place))
        if question.id in seen:
            raise FormatError(f"{place}: the id {question.id[:60]!r} stands in {seen[question.id]} already")
        seen[question.id] = number
        found.append(question)
    if not found:
        raise FormatError(f"{path} holds no question")
    return found


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, parse_json(line, f"line {number} of {path}", dict)


def _parquet(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    import pyarrow.parquet

    with guarded(path):
        rows = pyarrow.parquet.read_table(path).to_pylist()
    yield from enumerate(rows, start=1)


def _csv(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    before = csv.field_size_limit(4 * LONGEST)
    try:
        rows = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
        with guarded(path):
            names = rows.fieldnames or ()
        while True:
            place = f"line {rows.line_num + 1} of {path}"
            with guarded(place):
                if (row := next(rows, None)) is None:
                    return
            if None in row or None in row.values():
                raise FormatError(f"{place}: it has not as many cells as the head has names ({len(names)})")
            held: dict[str, Any] = {name: cell for name, cell in row.items() if cell != ""}
            for name in ("options", "pictures"):
                if name in held:
                    held[name] = parse_json(held[name], f"{place}: {name}", list)
            if re.fullmatch(r"-?[0-9]{1,18}", held.get("seed", "")):
                held["seed"] = int(held["seed"])
            yield rows.line_num, held
    finally:
        csv.field_size_limit(before)


_READERS = {".jsonl": _lines, ".ndjson": _lines, ".parquet": _parquet, ".csv": _csv}


def _inside(folder: Path, question: Question, place: str) -> tuple[str, ...]:
    """Places of the pictures in full, none of them outside of the folder."""
    home = folder.resolve()
    found = []
    for name in question.pictures:
        whole = (home / name).resolve()
        if Path(name).is_absolute() or not whole.is_relative_to(home):
            raise FormatError(f"{place}: the picture {name[:80]!r} lies outside of the folder of the file")
        if not whole.is_file():
            raise FormatError(f"{place}: there is no picture {name[:80]!r}")
        found.append(str(whole))
    return tuple(found)


def write_questions(path: str | Path, questions: Sequence[Question]) -> None:
    """Writes questions as JSONL or Parquet; pictures below the folder of the file are named relative to it.

    Raises:
        FormatError: If the file cannot be written, is of another kind, or a picture lies outside of its folder.
    """
    path = Path(path)
    rows = [_relative(path.parent.resolve(), question).to_json() for question in questions]
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return
    if path.suffix.lower() != ".parquet":
        raise FormatError(f"questions are written to .jsonl or .parquet, got {path.name}")
    import pyarrow
    import pyarrow.parquet

    names = list(dict.fromkeys(name for row in rows for name in row))
    held = io.BytesIO()
    with guarded(path, "cannot be written"):
        table = pyarrow.table({name: [row.get(name) for row in rows] for name in names})
        pyarrow.parquet.write_table(table, held)
    write_whole(path, held.getvalue())


def _relative(home: Path, question: Question) -> Question:
    places = []
    for name in question.pictures:
        whole = (home / name).resolve()
        if not whole.is_relative_to(home):
            raise FormatError(f"the picture {name[:80]!r} of question {question.id!r} lies outside of {home}")
        places.append(whole.relative_to(home).as_posix())
    return replace(question, pictures=tuple(places))
