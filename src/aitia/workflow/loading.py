"""A finished run folder back as what it holds: the system, where its rows are, and their hash."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aitia.card import Card
from aitia.data.base import Data
from aitia.data.flow import Flow
from aitia.data.named import located
from aitia.data.spreadsheet import Reading
from aitia.errors import FormatError, RunError
from aitia.guard import guarded, read_json
from aitia.runs import RECORD, Record
from aitia.saving import read_record
from aitia.stats.imputation import IMPUTATIONS
from aitia.system import Given, System, load
from aitia.system.loading import FIT
from aitia.system.placing import read_rows
from aitia.workflow.missing import OWN, Used, check_missing, filled, filled_note, gaps, used
from aitia.workflow.source import Source, asks, reads_of, reads_over

__all__ = ["Asked", "Loaded", "is_fit", "load_run"]


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows that a fitted system is asked about.

    Args:
        used: They, with their numbers in what was given and how they came to be.
        warnings: What to keep in mind, in sentences.
        copies: The same with the gaps filled, several times; empty where they were not.
    """

    used: Used = field(repr=False)
    warnings: tuple[str, ...] = ()
    copies: tuple[Given, ...] = field(default=(), repr=False)

    @property
    def given(self) -> Given:
        """The rows."""
        return self.used.given

    @property
    def flow(self) -> tuple[str, ...]:
        """What was understood of them, and rows read, left out and used, a line each."""
        return () if self.used.flow is None else tuple(self.used.flow.lines())


@dataclass(frozen=True, eq=False)
class Loaded:
    """A fitted system that was kept.

    Args:
        system: It, bound to the subjects that were given.
        source: Where the rows of the fit are; None where only the model was kept.
        roles: Columns of the roles, as the user named them.
        rows: Hash of the rows of the fit; None where there were none.
        path: The folder.
        alarms: Why its answers are worth little, as the run told.
    """

    system: System = field(repr=False)
    source: Source | None
    roles: dict[str, Any]
    rows: str | None
    path: Path
    alarms: tuple[str, ...] = ()

    def given(
        self,
        data: str | None = None,
        *,
        reading: Reading | None = None,
        kinds: Mapping[str, str] | None = None,
        missing: str | None = None,
        whole: bool | None = None,
        several: bool = False,
        **roles: Any,
    ) -> Asked:
        """Rows to ask about.

        A file is read as that of the fit was, but for what is said of it here.

        Args:
            data: Other data of the same kind; None takes those of the fit.
            reading: How to read a file of a table.
            kinds: Of its columns.
            missing: What becomes of rows with gaps.
            whole: Whether they are left out where nobody says what becomes of them; None says those of the fit alone.
            several: Whether gaps are filled several times, for answers that are pooled, rather than once.
            roles: Columns of the roles in other data, where they differ.

        Raises:
            RunError: If the rows of the fit are not there any more.
            DataError: If rows with gaps are refused.
        """
        check_missing(missing)
        given, warnings = self._read(data, reading, kinds, roles)
        if data is not None and asks(self.system.subjects):
            from aitia.text.shown import check_shown

            check_shown(given.rows, located(data))
        if missing is None:
            missing = "complete" if (data is None if whole is None else whole) else OWN
        if several and (lacking := gaps(self.system.card, given)):
            flow = (given.table.flow or Flow("the table", len(given))).noting(filled_note(lacking, IMPUTATIONS))
            copies = filled(given, tuple(lacking), IMPUTATIONS, 0)
            return Asked(Used(given, flow), warnings, tuple(given.with_rows(rows) for rows in copies))
        return Asked(used(self.system.card, given, missing), warnings)

    def _read(
        self, data: str | None, reading: Reading | None, kinds: Mapping[str, str] | None, roles: dict[str, Any]
    ) -> tuple[Given, tuple[str, ...]]:
        system, source = self.system, self.source
        reads = reads_over({} if source is None else source.reads, reading, kinds)
        if data is not None:
            size = None if source is None else source.size
            other = Source.of(data, seed=0, size=size)
            if other.is_world:
                return other.read(system.card, roles, system.reads(system.config)), ()
            sized = {} if size is None or source is None or source.is_world else {"size": size}
            kept = {name: columns for name, columns in system.roles.items() if name not in roles}
            expected, there = _may_lack(system.card, kept)
            options = {**system.reads(system.config), **sized, **reads, **expected}
            rows = read_rows(system.card, data, {**there, **roles}, options)
            if located(data).exists():
                from aitia.workflow.pages import check_pages

                check_pages(rows, located(data))
            _check_marks(reading, rows)
            return replace(system.given(rows, **roles), name=data), ()
        if source is None or source.in_memory:
            where = "its rows were in memory" if source is not None else "it is a model without its rows"
            raise RunError(f"{self.path} does not say where rows are, for {where}: say where (--data)")
        if source.data is None:
            return system.given(None, **roles), ()
        if not source.is_world and Path(source.data).is_absolute() and not Path(source.data).exists():
            raise RunError(f"the rows of this fit are not at {source.data} any more: say where they are (--data)")
        if said := reads_of(reading, kinds):
            source = replace(source, reads=reads)
        given = source.read(system.card, {**self.roles, **roles}, system.reads(system.config))
        given = replace(given, subjects={**given.subjects, **system.subjects})
        if said:
            _check_marks(reading, given.rows)
            return given, (f"{source.data} is read in another way than in the fit",)
        changed = self.rows is not None and given.hash() != self.rows
        told = f"{source.data} has changed since the fit: the rows are of what is there now"
        return given, (told,) if changed else ()


def _may_lack(card: Card, kept: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of the fit that other rows need not have, as an option of the reader, and the other roles of the fit."""
    free = [
        name
        for name, column in kept.items()
        if not card.takes[name].needed and isinstance(column, str) and card.takes[name].kind in ("text", "picture")
    ]
    expected = {str(kept[name]): card.takes[name].kind for name in free}
    there = {name: columns for name, columns in kept.items() if name not in free}
    return ({"expected": expected} if expected else {}), there


def _check_marks(reading: Reading | None, rows: Data | None) -> None:
    """Refuses what is said of a column that is not there; what a fit was told may be of one that these rows lack."""
    if reading is not None and rows is not None:
        reading.check_columns(rows.known.names)


def load_run(path: str | Path, **subjects: Any) -> Loaded:
    """What a run folder holds, or a folder of `save_pretrained` alone.

    Args:
        path: The folder.
        subjects: Of the system by name, where they are needed again.

    Raises:
        RunError: If the folder is no finished fit, or a file of the model is not as the run wrote it.
        FormatError: If the model is damaged, or of an older version.
        OptionError: If the system has no such subject.
    """
    path = Path(path)
    if not (path / RECORD).is_file() and (path / "config.json").is_file() and "slug" in read_record(path):
        return Loaded(load(path, **subjects), None, {}, None, path)
    record = Record.read(path).finished(FIT)
    with guarded(f"the run in {path}", "is damaged; fit again", RunError):
        if "system" not in record.config:
            raise RunError(f"{path} was fitted by an older version of aitia: fit it again")
        told = _part(path, "source.json")
        rows = record.inputs.get("rows")
        roles = {name: tuple(c) if isinstance(c, list) else c for name, c in told.pop("roles", {}).items()}
        places = {str(name): str(place) for name, place in told.pop("subjects", {}).items()}
        source = Source.from_json(told)
    system = load(path, **subjects)
    system.subjects = {
        name: subject
        if subject.place or name not in places or not Path(places[name]).is_dir()
        else replace(subject, place=places[name])
        for name, subject in system.subjects.items()
    }
    return Loaded(system, source, roles, rows, path, _alarms(path))


def _alarms(path: Path) -> tuple[str, ...]:
    """What `metrics.json` tells of them; a run that was made before there were any tells none."""
    told = _part(path, "metrics.json").get("alarms", [])
    with guarded(path / "metrics.json", "is damaged; fit again", RunError):
        return tuple(f"of the fit: {alarm}" for alarm in told)


def _part(path: Path, name: str) -> dict[str, Any]:
    """What a file of the run says."""
    if not (path / name).is_file():
        raise RunError(f"{path} is not the folder of a fit: it has no {name}")
    try:
        return dict(read_json(path / name, dict))
    except FormatError as error:
        raise RunError(f"the run in {path} is damaged ({error}): fit again") from error


def is_fit(path: str | Path) -> bool:
    """Whether a folder holds a run of `fit`, or a saved system."""
    path = Path(path)
    try:
        if (path / RECORD).is_file():
            return Record.read(path).kind == FIT
        return "slug" in read_json(path / "config.json", dict)
    except (FormatError, RunError):
        return False
