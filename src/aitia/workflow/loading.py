"""A finished run folder back as what it holds: the system, where its rows are, and their hash."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aitia.errors import FormatError, RunError
from aitia.guard import guarded, read_json
from aitia.runs import RECORD, Record
from aitia.saving import read_record
from aitia.system import Given, System, load
from aitia.system.loading import FIT
from aitia.workflow.source import Source

__all__ = ["Loaded", "is_fit", "load_run"]


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

    def given(self, data: str | None = None, **roles: Any) -> tuple[Given, tuple[str, ...]]:
        """Rows to ask about, and what to keep in mind of them.

        Args:
            data: Other data of the same kind; None takes those of the fit.
            roles: Columns of the roles in other data, where they differ.

        Raises:
            RunError: If the rows of the fit are not there any more.
        """
        system = self.system
        if data is not None:
            other = Source.of(data, seed=0, size=None if self.source is None else self.source.size)
            if other.is_world:
                return other.read(system.card, roles, system.reads(system.config)), ()
            return system.given(data, **roles), ()
        source = self.source
        if source is None or source.in_memory:
            where = "its rows were in memory" if source is not None else "it is a model without its rows"
            raise RunError(f"{self.path} does not say where rows are, for {where}: say where (--data)")
        if source.data is None:
            return system.given(None, **roles), ()
        if not source.is_world and Path(source.data).is_absolute() and not Path(source.data).exists():
            raise RunError(f"the rows of this fit are not at {source.data} any more: say where they are (--data)")
        given = source.read(system.card, {**self.roles, **roles}, system.reads(system.config))
        given = replace(given, subjects={**given.subjects, **system.subjects})
        changed = self.rows is not None and given.hash() != self.rows
        told = f"{source.data} has changed since the fit: the rows are of what is there now"
        return given, (told,) if changed else ()


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
        if subject.place or not Path(places.get(name, "")).is_dir()
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
