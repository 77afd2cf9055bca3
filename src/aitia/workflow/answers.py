"""What a fitted system answers beside `do`: holes filled, codes, effects, adapted to new rows, exported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.as_read import rows_as_read
from aitia.data.base import Data
from aitia.data.spreadsheet import Reading
from aitia.data.table import Kind, Table
from aitia.do import Intervention
from aitia.errors import DataError, OptionError, RunError
from aitia.files import check_free, new_folder, write_whole
from aitia.stats.imputation import pooled
from aitia.system import Given, System, verbs_of
from aitia.workflow.answer_files import RECORD, answer_place, write_record
from aitia.workflow.answer_page import write_page
from aitia.workflow.ask import told_apart
from aitia.workflow.loading import Asked, Loaded, load_run
from aitia.workflow.worth import of_effects

__all__ = ["Told", "adapt", "effects", "encode", "export", "pooled_effects", "predict"]

SHOWN = 24
"""Rows of an answer that are drawn."""
CONFIDENCE, NORMAL = 0.95, 1.959963984540054
"""Of the intervals of effects, and the quantile behind it."""


@dataclass(frozen=True, eq=False)
class Told:
    """Rows that a system told.

    Args:
        verb: That was asked.
        data: The rows, `draws` of them for each row given.
        slug: Of the system.
        warnings: What to keep in mind, in sentences.
        draws: Of each row.
        held: The intervention that was held.
        rows: Where the rows are from; None for those of the fit.
        target: The one target that was asked for.
        outcome: The one outcome that was asked for.
        alarms: Why the answer is worth little, in sentences; see `aitia.workflow.worth`.
        flow: What was understood of the rows, and rows read, left out and used, a line each.
        numbers: Of the rows that are answered, where rows were left out; None where all are.
        as_read: The rows in the ending of the file that was asked about, with that ending; see `rows_as_read`.
        asked: The rows that were asked about, where an answer stands beside each.
    """

    verb: str
    data: Data = field(repr=False)
    slug: str
    warnings: tuple[str, ...] = ()
    draws: int = 1
    held: Intervention = field(default_factory=Intervention)
    rows: str | None = None
    target: str | None = None
    outcome: str | None = None
    alarms: tuple[str, ...] = ()
    flow: tuple[str, ...] = ()
    numbers: tuple[int, ...] | None = None
    as_read: tuple[str, bytes] | None = field(default=None, repr=False)
    asked: Data | None = field(default=None, repr=False)

    @property
    def about(self) -> str:
        """The question and how many rows answer it, in words."""
        told = f"{self.slug} answers {self.verb}"
        told += f" of {self.target}" if self.target is not None else ""
        told += f" on {self.outcome}" if self.outcome is not None else ""
        told += f" under {self.held}" if self.held else ""
        told += f" for {self.rows}" if self.rows is not None else " for the rows of the fit"
        count = len(self.data) // self.draws
        each = f", {self.draws} draws each" if self.draws > 1 else ""
        return f"{told}: {count} {'row' if count == 1 else 'rows'}{each}"

    def write(self, folder: Path) -> list[Path]:
        """Writes the rows and `answer.json` into a folder, in the place of an earlier answer; gives the files.

        Raises:
            RunError: If a file cannot be written, or the folder holds what is not of an answer.
        """
        with answer_place(folder) as place:
            rows = np.arange(len(self.data)) // self.draws
            if self.numbers is not None:
                rows = np.array(self.numbers)[rows]
            files = self.data.write(place, self.verb, rows.tolist())
            if self.as_read is not None:
                files.append(place / f"{self.verb}{self.as_read[0]}")
                write_whole(files[-1], self.as_read[1], RunError)
            files.append(self._page(place, rows))
            record = {
                "system": self.slug,
                "verb": self.verb,
                "about": self.about,
                "intervention": str(self.held),
                "data": self.rows,
                "target": self.target,
                "outcome": self.outcome,
                "rows": len(self.data) // self.draws,
                "draws": self.draws,
                "flow": list(self.flow),
                "warnings": list(self.warnings),
                "alarms": list(self.alarms),
            }
            write_record(place, record)
        return [*(folder / file.relative_to(place) for file in files), folder / RECORD]

    def _page(self, folder: Path, rows: NDArray[np.int64]) -> Path:
        """The first rows, drawn."""
        first = np.arange(0, len(self.data), self.draws)[:SHOWN]
        shown = {} if self.asked is None else {"fact": self.asked.take(first // self.draws)}
        shown[self.verb] = self.data.take(first)
        count = len(self.data) // self.draws
        more = f"; the first {SHOWN} are drawn" if count > SHOWN else ""
        return write_page(
            folder, f"{self.verb} {self.held}" if self.held else self.verb, f"{self.about}{more}", shown,
            [f"row {row}" for row in rows[first]], of=self.slug, alarms=self.alarms, warnings=self.warnings,
            flow=self.flow,
        )  # fmt: skip


def predict(
    run: str | Path,
    data: str | None = None,
    *,
    do: str | None = None,
    draws: int = 1,
    seed: int = 0,
    reading: Reading | None = None,
    kinds: Mapping[str, str] | None = None,
    missing: str | None = None,
    **named: Any,
) -> Told:
    """The rows with their holes filled.

    Args:
        run: A run folder of `fit`.
        data: Rows with holes; None takes those of the fit.
        do: An intervention that is held.
        draws: Answers a row.
        seed: Of the draws.
        reading: How to read a file of a table; what is not said is as in the fit.
        kinds: Of its columns, in the same way.
        missing: What becomes of rows with gaps beside the holes: `complete` leaves them out, `impute` fills them once,
            `error` refuses them; None leaves those of the fit out, and other rows to the system.
        named: Roles and subjects, where they differ from those of the fit.

    Raises:
        OptionError: If the system does not predict.
    """
    loaded, roles = _loaded(run, "predict", named)
    asked = loaded.given(data, reading=reading, kinds=kinds, missing=missing, **roles)
    system: Any = loaded.system.do(do)
    filled = system.predict(asked.given, draws=draws, seed=seed)
    told = Told("predict", filled, system.card.slug, asked.warnings, draws, system.held, data, alarms=loaded.alarms)
    as_read, more = rows_as_read(data, filled)
    warnings = (*asked.warnings, *system.outside(), *more)
    numbers, rows = _numbers(asked, filled, draws), _beside(asked, filled, draws)
    return replace(told, warnings=warnings, flow=asked.flow, numbers=numbers, as_read=as_read, asked=rows)


def encode(
    run: str | Path,
    data: str | None = None,
    *,
    reading: Reading | None = None,
    kinds: Mapping[str, str] | None = None,
    missing: str | None = None,
    **named: Any,
) -> Told:
    """The code of each row; see `predict`."""
    loaded, roles = _loaded(run, "encode", named)
    asked = loaded.given(data, reading=reading, kinds=kinds, missing=missing, **roles)
    system: Any = loaded.system
    codes = system.encode(asked.given)
    told = Told("encode", codes, system.card.slug, asked.warnings, 1, system.held, data, alarms=loaded.alarms)
    return replace(told, flow=asked.flow, numbers=_numbers(asked, codes, 1))


def effects(
    run: str | Path,
    data: str | None = None,
    *,
    target: str | None = None,
    outcome: str | None = None,
    reading: Reading | None = None,
    kinds: Mapping[str, str] | None = None,
    missing: str | None = None,
    **named: Any,
) -> Told:
    """The table of effects, of one target or outcome where it is named; see `predict`.

    Rows with gaps are left out; `impute` fills them several times and pools the tables (see `pooled_effects`).
    """
    loaded, roles = _loaded(run, "effects", named)
    how: dict[str, Any] = {"reading": reading, "kinds": kinds, **roles}
    system: Any = loaded.system

    def table_of(given: Given) -> Table:
        found: Table = system.effects(given, target=target, outcome=outcome)
        return found

    asked = loaded.given(data, missing=missing, whole=True, several=missing == "impute", **how)
    table = pooled_effects([table_of(given) for given in asked.copies]) if asked.copies else table_of(asked.given)
    alarms = (*loaded.alarms, *of_effects(table))
    told = Told("effects", table, system.card.slug, asked.warnings, 1, system.held, data, target, outcome, alarms)
    return replace(told, flow=asked.flow)


def pooled_effects(tables: Sequence[Table]) -> Table:
    """One table of effects from those of several imputations, by Rubin's rules.

    The variance of an effect in one of them is taken from its interval of 95 %, as that of a normal distribution; its
    control is the mean.

    Raises:
        DataError: If the tables are not of the same targets and outcomes.
    """
    first = tables[0]
    pairs = [tuple(table.labels(name).tolist() for name in ("target", "outcome")) for table in tables]
    if any(pair != pairs[0] for pair in pairs):
        raise DataError("effects differ in targets or outcomes from imputation to imputation: say --missing complete")
    columns = {name: np.stack([t.column(name) for t in tables]) for name in ("effect", "low", "high", "control")}
    variances = ((columns["high"] - columns["low"]) / (2 * NORMAL)) ** 2
    found = [pooled(columns["effect"][:, k].tolist(), variances[:, k].tolist()) for k in range(first.n)]
    ends = np.array([answer.interval(CONFIDENCE) for answer in found]).reshape(-1, 2)
    made = {"effect": np.array([answer.estimate for answer in found]), "low": ends[:, 0], "high": ends[:, 1]}
    made["control"] = columns["control"].mean(axis=0)
    return first.with_columns(made, dict.fromkeys(made, Kind.NUMBER))


def adapt(
    run: str | Path,
    data: str,
    out: str | Path,
    *,
    reading: Reading | None = None,
    kinds: Mapping[str, str] | None = None,
    missing: str | None = None,
    **named: Any,
) -> System:
    """The system adapted to a few rows of a new environment, saved in `out`; rows with gaps as in `aitia.fit`.

    Raises:
        OptionError: If the system does not adapt.
        RunError: If `out` is there and not empty, or cannot be written; nothing is left of it then.
    """
    check_free(Path(out), RunError)
    loaded, roles = _loaded(run, "adapt", named)
    asked = loaded.given(data, reading=reading, kinds=kinds, missing=missing, whole=True, **roles)
    system: Any = loaded.system
    adapted: Any = system.adapt(asked.given)
    if not isinstance(adapted, System):
        raise OptionError(f"{system.card.slug} adapts to something that cannot be saved")
    with new_folder(Path(out), RunError) as place:
        adapted.save_pretrained(place)
    return adapted


def export(run: str | Path, out: str | Path, **named: Any) -> list[Path]:
    """Writes a plain model that other libraries open; gives the files.

    Raises:
        OptionError: If the system exports nothing, or has nothing to export as it was fitted; nothing is written then.
        RunError: If `out` is there and not empty, or cannot be written; nothing is left of it then.
    """
    check_free(Path(out), RunError)
    loaded, _ = _loaded(run, "export", named)
    system: Any = loaded.system
    with new_folder(Path(out), RunError) as place:
        place.rmdir()  # an export makes its folder
        system.export(place)
    return sorted(path for path in Path(out).rglob("*") if path.is_file())


def _numbers(asked: Asked, answer: Data, draws: int) -> tuple[int, ...] | None:
    """The numbers of the rows that are answered, where rows were left out."""
    numbers = asked.used.numbers
    whole = numbers == tuple(range(len(numbers)))
    return None if whole or len(answer) != len(numbers) * draws else numbers


def _beside(asked: Asked, answer: Data, draws: int) -> Data | None:
    """The rows that were asked about, where an answer of their kind stands beside each."""
    rows = asked.given.rows
    alike = rows is not None and rows.form == answer.form and len(rows) * draws == len(answer)
    return rows if alike else None


def _loaded(run: str | Path, verb: str, named: dict[str, Any]) -> tuple[Loaded, dict[str, Any]]:
    subjects, roles = told_apart(run, named)
    loaded = load_run(run, **subjects)
    answers = verbs_of(type(loaded.system))
    if verb not in answers:
        card = loaded.system.card
        why = card.absent.get(verb, f"it answers {', '.join(answers) or 'do alone'}")
        raise OptionError(f"{card.slug} has no answer to {verb!r}: {why}")
    return loaded, roles
