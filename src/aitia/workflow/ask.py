"""A fitted system asked what if: some rows, the same rows under `do`, the truth where a world knows it, as files.

How a system answers follows from what it is: it solves again with the noise of each row (a counterfactual), else it
edits the rows, else it fills their holes, else it gives each row a code; the answer says which.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from aitia.data.base import Data
from aitia.data.spreadsheet import Reading
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import InterventionError, OptionError
from aitia.system import Counterfactuals, Edits, Encodes, Given, Predicts, System
from aitia.workflow.answer_files import RECORD, answer_place, write_record
from aitia.workflow.answer_page import write_page
from aitia.workflow.loading import load_run

__all__ = ["HOW", "Answer", "answer_folder", "answered", "ask", "parse_rows"]

ROUNDING = 1e-4
"""A bound up to this is that of rounding."""
FIRST = 6
"""Rows that are taken where nobody says which."""
MOST_ROWS = 10_000_000
"""Rows that are counted out from a text such as 0-5; no table here is longer."""
LONGEST = 100
"""Bytes in the name of a folder."""
HOW = {
    "solve": "what the rows would have been, their noise kept",
    "edit": "the rows, made anew where the intervention touches them",
    "predict": "the holes of the rows, filled under the intervention",
    "encode": "the codes of the rows under the intervention",
}
"""What the answer is, by the verb that gave it."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Rows and what they would have been.

    Args:
        intervention: What was asked.
        verb: How it was answered: `solve`, `edit`, `predict` or `encode`.
        numbers: Of the rows in the data; empty where there are none.
        facts: The rows.
        still: The same verb with nothing done: a reconstruction or forecast.
        answer: What was answered; `draws` times each row.
        truth: What a world says that the rows would have been; None where none does.
        warnings: What to keep in mind, in sentences.
        draws: Of each row.
        card: Slug of the system.
        alarms: Why the answer is worth little, in sentences; see `aitia.workflow.worth`.
        flow: What was understood of the rows, and rows read, left out and used, a line each.
    """

    intervention: Intervention
    verb: str
    numbers: tuple[int, ...]
    facts: Given = field(repr=False)
    still: Data = field(repr=False)
    answer: Data = field(repr=False)
    truth: Data | None = field(repr=False)
    warnings: tuple[str, ...]
    draws: int = 1
    card: str = ""
    alarms: tuple[str, ...] = ()
    flow: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """What the answer is, in words."""
        return f"{self.card} answers by {self.verb}: {HOW[self.verb]}"

    def first_rows(self, most: int = 5) -> list[str]:
        """What the answer changes in the first rows, a line each; none where nothing is known of the rows before.

        Of a system that keeps the noise of a row its fact stands before the arrow, else what it says with nothing done.
        """
        if self.verb not in ("solve", "predict"):
            return []
        before = (self.facts.rows if self.verb == "solve" and self.facts.rows is not None else self.still).known
        after = self.answer.known
        names = [name for name in after.names if name in before and after.plain(name) and name not in ("row", "draw")]
        each = self.draws if before.n * self.draws == after.n else 1
        told = []
        for k in range(min(most, len(after))):
            was, now = before.take([k // each]), after.take([k])
            changed = [(n, _shown(was, n), _shown(now, n)) for n in names]
            moved = [f"{n} {old} -> {new}" for n, old, new in changed if old != new]
            number = self.numbers[k // self.draws] if self.numbers else k
            told.append(f"  row {number}: {', '.join(moved[:6]) or 'as it was'}" + ", ..." * (len(moved) > 6))
        return told if names else []

    def write(self, folder: Path) -> list[Path]:
        """Writes everything into a folder, in the place of an earlier answer; gives the files.

        Raises:
            RunError: If a file cannot be written, or the folder holds what is not of an answer.
        """
        with answer_place(folder) as place:
            each = tuple(np.repeat(self.numbers, self.draws).tolist())
            files = list(self.answer.write(place, "answer", each or tuple(range(len(self.answer)))))
            if self.facts.rows is not None:
                files += self.facts.rows.write(place, "fact", self.numbers)
            if self.truth is not None:
                files += self.truth.write(place, "truth", self.numbers)
            files.append(self._page(place))
            record = {
                "system": self.card,
                "intervention": str(self.intervention),
                "verb": self.verb,
                "about": self.about,
                "rows": list(self.numbers),
                "draws": self.draws,
                "truth": self.truth is not None,
                "flow": list(self.flow),
                "warnings": list(self.warnings),
                "alarms": list(self.alarms),
            }
            write_record(place, record)
        return [*(folder / file.relative_to(place) for file in files), folder / RECORD]

    def _page(self, folder: Path) -> Path:
        first = np.arange(0, len(self.answer), self.draws)
        asked = str(self.intervention)
        shown: dict[str, Data] = {}
        if self.facts.rows is not None and self.verb != "encode":
            shown["fact"] = self.facts.rows
        if self.intervention and self.verb != "edit":
            shown["do()"] = self.still.take(first)
        shown[asked] = self.answer.take(first)
        if self.truth is not None and self.verb != "encode":
            shown["truth"] = self.truth
        names = [f"row {row}" for row in self.numbers] or [f"answer {k + 1}" for k in range(len(first))]
        return write_page(
            folder, asked, self.about, shown, names, of=self.card, alarms=self.alarms, warnings=self.warnings,
            flow=self.flow,
        )  # fmt: skip


def _shown(row: Table, name: str) -> str:
    value = row.column(name)[0] if row.continuous(name) else row.labels(name)[0]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def ask(
    run: str | Path,
    intervention: Intervention | str,
    *,
    rows: Sequence[int] | None = None,
    data: str | None = None,
    draws: int = 1,
    seed: int = 0,
    reading: Reading | None = None,
    kinds: Mapping[str, str] | None = None,
    missing: str | None = None,
    **named: Any,
) -> Answer:
    """What rows would have been, from a run folder of `fit`.

    Args:
        run: The folder.
        intervention: Such as `do(domain=d1)`.
        rows: Numbers of rows in the data, from 0; None takes the first few.
        data: Other data of the same kind; None takes those of the fit.
        draws: Answers a row.
        seed: Of the draws.
        reading: How to read a file of a table; what is not said is as in the fit.
        kinds: Of its columns, in the same way.
        missing: What becomes of rows with gaps: `complete` leaves them out, `impute` fills them once, `error` refuses
            them; None leaves those of the fit out where nobody says which rows, and others to the system.
        named: Roles of other data, where their columns have other names, and subjects that are needed again.

    Raises:
        RunError: If the folder is no finished fit.
        UnknownVariableError: If the system has no such target.
        InterventionError: If the target takes no such value, or the system answers no rows.
        OptionError: If there is no such row, role or subject.
        FormatError: If the data are not there any more.
    """
    do = Intervention.parse(intervention) if isinstance(intervention, str) else intervention
    subjects, roles = told_apart(run, named)
    loaded = load_run(run, **subjects)
    loaded.system.do(do)  # refuses a target before any rows are read
    whole = None if rows is None else False
    asked = loaded.given(data, reading=reading, kinds=kinds, missing=missing, whole=whole, **roles)
    given, there = asked.given, asked.used.numbers
    if given.rows is None:
        if rows is not None:
            raise OptionError(f"{loaded.system.card.slug} is fitted without rows: leave out --rows, or give --data")
        numbers: tuple[int, ...] = ()
    else:
        numbers = there[:FIRST] if rows is None else tuple(rows)
        given = given.take(_places(numbers, there))
    told = answered(loaded.system, given, do, numbers, draws=draws, seed=seed, warnings=asked.warnings)
    return replace(told, alarms=loaded.alarms, flow=asked.flow)


def _places(numbers: Sequence[int], there: tuple[int, ...]) -> tuple[int, ...]:
    """Where the rows of these numbers stand among those that are left.

    Raises:
        OptionError: If one of them was left out.
    """
    if there == tuple(range(len(there))):
        return tuple(numbers)  # of which `take` refuses those that are not there
    places = {number: place for place, number in enumerate(there)}
    if gone := [number for number in numbers if number not in places]:
        raise OptionError(f"row {gone[0]} lacks a cell and was left out, or is not there: say --missing impute")
    return tuple(places[number] for number in numbers)


def answered(
    system: System,
    facts: Given,
    do: Intervention,
    numbers: tuple[int, ...],
    *,
    draws: int = 1,
    seed: int = 0,
    warnings: tuple[str, ...] = (),
) -> Answer:
    """The answer of a system about rows, by the first of its verbs that answers `do`.

    Raises:
        InterventionError: If none does.
    """
    acted = system.do(do)
    told = (*warnings, *acted.outside())
    verb, answers = _verb(system, facts, draws, seed)
    truth = None if facts.rows is None else system.truth(facts, do)
    kept = draws if verb in ("solve", "predict") else 1
    still, answer = answers(system), answers(acted)
    if isinstance(system, Counterfactuals):
        told += _near_the_bound(system.bound, still, answer)
    return Answer(do, verb, numbers, facts, still, answer, truth, told, kept, system.card.slug)


def _near_the_bound(bound: Mapping[str, float], still: Data, answer: Data) -> tuple[str, ...]:
    """A sentence for each column that moves by less than three times what it is off with nothing done."""
    moved = still.gaps(answer)
    return tuple(
        f"{column} moves by {moved[column]:.3g}, and with nothing done it comes back within {off:.3g} only: an answer "
        "that moves by less than three times that is no counterfactual to rely on"
        for column, off in bound.items()
        if off > ROUNDING and 0 < moved.get(column, 0.0) < 3 * off
    )


def _verb(system: System, facts: Given, draws: int, seed: int) -> tuple[str, Callable[[Any], Data]]:
    if isinstance(system, Counterfactuals):
        noise = system.abduct(facts, draws=draws, seed=seed)
        return "solve", lambda held: held.solve(noise)
    if isinstance(system, Edits):
        return "edit", lambda held: held.edit(facts)
    if isinstance(system, Predicts):
        return "predict", lambda held: held.predict(facts, draws=draws, seed=seed)
    if isinstance(system, Encodes):
        return "encode", lambda held: held.encode(facts)
    others = ", ".join(system.card.verbs) or "nothing else"
    raise InterventionError(f"{system.card.slug} answers do with no rows; it answers {others}: aitia effects RUN")


def told_apart(run: str | Path, named: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Subjects and roles of the system in a folder, by name.

    Raises:
        OptionError: If it has no such role or subject; the nearest is named.
    """
    from aitia.saving import read_record
    from aitia.system import find
    from aitia.workflow.names import sorted_names

    if not named:
        return {}, {}
    place = Path(run) / "model" if (Path(run) / "run.json").is_file() else Path(run)
    card = find(str(read_record(place).get("slug"))).card
    of, _ = sorted_names(card, _NoOptions, named)
    return {n: v for n, v in of.items() if n in card.subjects}, {n: v for n, v in of.items() if n in card.takes}


@dataclass(frozen=True)
class _NoOptions:
    """What is asked of a fitted system has no options."""


def answer_folder(run: Path, what: str, named: str) -> Path:
    """Where the answer to a question goes, in the run.

    The folder is called as the question, in what all file systems take; what that leaves out of a label, which another
    question may share, is told apart by the beginning of its hash.
    """
    bare = re.sub(r'"([\w.+-]*)"|[][\s]', r"\1", named.removeprefix("do(").removesuffix(")"))
    name = re.sub(r"[^\w.,=+-]+", "_", bare) or "nothing"
    if '"' in bare or len(name.encode()) > LONGEST:
        start = name.encode()[: LONGEST - 9].decode(errors="ignore")
        name = f"{start}-{hashlib.sha256(named.encode()).hexdigest()[:8]}"
    return run / what / name


def parse_rows(text: str) -> tuple[int, ...]:
    """`3,17` or `0-5,9` as numbers.

    Raises:
        OptionError: If it is not of that form.

    Example:
        >>> parse_rows("0-2,9")
        (0, 1, 2, 9)
    """
    rows: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]+)(?:\s*-\s*([0-9]+))?\s*", part)
        if match is None or len(part) > 40:
            raise OptionError(f"rows are numbers such as 3,17 or 0-5, got {part.strip()[:40]!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise OptionError(f"rows go from the lower number to the higher, such as 0-5, got {part.strip()!r}")
        if last >= MOST_ROWS or len(rows) + last - first >= MOST_ROWS:
            raise OptionError(f"rows are asked about up to number {MOST_ROWS - 1:,}, got {part.strip()!r}")
        rows += range(first, last + 1)
    return tuple(rows)
