"""What a fitted system answers beside `do`: holes filled, codes, effects, adapted to new rows, exported."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import OptionError, RunError
from aitia.files import check_free, new_folder
from aitia.system import System, verbs_of
from aitia.workflow.answer_files import RECORD, answer_place, write_record
from aitia.workflow.ask import told_apart
from aitia.workflow.loading import Loaded, load_run
from aitia.workflow.worth import of_effects

__all__ = ["Told", "adapt", "effects", "encode", "export", "predict"]


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
            files = self.data.write(place, self.verb, rows.tolist())
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
                "warnings": list(self.warnings),
                "alarms": list(self.alarms),
            }
            write_record(place, record)
        return [*(folder / file.relative_to(place) for file in files), folder / RECORD]


def predict(
    run: str | Path, data: str | None = None, *, do: str | None = None, draws: int = 1, seed: int = 0, **named: Any
) -> Told:
    """The rows with their holes filled.

    Args:
        run: A run folder of `fit`.
        data: Rows with holes; None takes those of the fit.
        do: An intervention that is held.
        draws: Answers a row.
        seed: Of the draws.
        named: Roles and subjects, where they differ from those of the fit.

    Raises:
        OptionError: If the system does not predict.
    """
    loaded, roles = _loaded(run, "predict", named)
    given, warnings = loaded.given(data, **roles)
    system: Any = loaded.system.do(do)
    filled = system.predict(given, draws=draws, seed=seed)
    told = (*warnings, *system.outside())
    return Told("predict", filled, system.card.slug, told, draws, system.held, data, alarms=loaded.alarms)


def encode(run: str | Path, data: str | None = None, **named: Any) -> Told:
    """The code of each row; see `predict`."""
    loaded, roles = _loaded(run, "encode", named)
    given, warnings = loaded.given(data, **roles)
    system: Any = loaded.system
    codes = system.encode(given)
    return Told("encode", codes, system.card.slug, warnings, 1, system.held, data, alarms=loaded.alarms)


def effects(
    run: str | Path, data: str | None = None, *, target: str | None = None, outcome: str | None = None, **named: Any
) -> Told:
    """The table of effects, of one target or outcome where it is named; see `predict`."""
    loaded, roles = _loaded(run, "effects", named)
    given, warnings = loaded.given(data, **roles)
    system: Any = loaded.system
    table: Table = system.effects(given, target=target, outcome=outcome)
    alarms = (*loaded.alarms, *of_effects(table))
    return Told("effects", table, system.card.slug, warnings, 1, system.held, data, target, outcome, alarms)


def adapt(run: str | Path, data: str, out: str | Path, **named: Any) -> System:
    """The system adapted to a few rows of a new environment, saved in `out`.

    Raises:
        OptionError: If the system does not adapt.
        RunError: If `out` is there and not empty, or cannot be written; nothing is left of it then.
    """
    check_free(Path(out), RunError)
    loaded, roles = _loaded(run, "adapt", named)
    given, _ = loaded.given(data, **roles)
    system: Any = loaded.system
    adapted: Any = system.adapt(given)
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


def _loaded(run: str | Path, verb: str, named: dict[str, Any]) -> tuple[Loaded, dict[str, Any]]:
    subjects, roles = told_apart(run, named)
    loaded = load_run(run, **subjects)
    answers = verbs_of(type(loaded.system))
    if verb not in answers:
        card = loaded.system.card
        why = card.absent.get(verb, f"it answers {', '.join(answers) or 'do alone'}")
        raise OptionError(f"{card.slug} has no answer to {verb!r}: {why}")
    return loaded, roles
