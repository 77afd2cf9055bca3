"""A fitted model asked what if: some rows, the same rows under `do`, the truth where a world knows it, as files.

images    row-3.png, row-3-fact.png, row-3-truth.png for each row, and all of them in grid.png
table     rows.csv
tracks    tracks.csv and tracks.svg
and latents.csv, and answer.json with the warnings. Nothing is opened.
"""

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from aitia.data.images import write_images
from aitia.data.table import Table
from aitia.data.tracks import Tracks
from aitia.do import Intervention
from aitia.errors import OptionError, RunError
from aitia.files import write_whole
from aitia.report.tracks import tracks_figure
from aitia.workflow.contract import check_intervention
from aitia.workflow.fit import KIND, load_fit
from aitia.workflow.observed import Observed, Rows
from aitia.workflow.pictures import Question, as_images, image_table, track_panels

__all__ = ["Answer", "answer_folder", "ask", "is_fit", "parse_rows"]

FIRST = 6
"""Rows that are taken where nobody says which."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Rows and what they would have been.

    Args:
        intervention: What was asked.
        rows: Their numbers in the data.
        facts: The rows.
        still: The same under no intervention: the model's reconstruction or forecast.
        answer: What they would have been.
        truth: What a world says that they would have been; None where none does.
        latents: Of the facts, and of the answers; None where the model has no such thing.
        warnings: What to keep in mind, in sentences.
        observed: Frames of the past, of tracks.
    """

    intervention: Intervention
    rows: tuple[int, ...]
    facts: Observed = field(repr=False)
    still: Rows = field(repr=False)
    answer: Rows = field(repr=False)
    truth: Rows | None = field(repr=False)
    latents: tuple[Table | None, Table | None] = field(repr=False)
    warnings: tuple[str, ...]
    observed: int

    def write(self, folder: Path) -> list[Path]:
        """Writes everything into a folder; gives the files.

        Raises:
            RunError: If a file cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"the folder {folder} cannot be made: {error.strerror}") from error
        if as_images(self.answer) is not None:
            files = self._write_images(folder)
        elif isinstance(self.answer, Tracks):
            files = self._write_tracks(folder)
        else:
            files = [_csv(folder / "rows.csv", *_table_lines(self))]
        told = [("fact", self.latents[0]), ("counterfactual", self.latents[1])]
        lines = [_numbered(self.rows, which, table) for which, table in told if table is not None]
        names = dict.fromkeys(name for _, table in told if table is not None for name in table.names)
        if names:
            files.append(
                _csv(folder / "latents.csv", ["row", "which", *names], [row for part in lines for row in part(names)])
            )
        record = {
            "intervention": str(self.intervention),
            "rows": list(self.rows),
            "truth": self.truth is not None,
            "warnings": list(self.warnings),
            "files": [file.name for file in files],
        }
        write_whole(folder / "answer.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n", RunError)
        return [*files, folder / "answer.json"]

    def _write_images(self, folder: Path) -> list[Path]:
        question = Question(str(self.intervention), self.answer, self.truth)
        asked = [Question("do()", self.still), question] if self.intervention else [question]
        grid = image_table(self.facts.rows, asked, [f"row {row}" for row in self.rows])
        write_whole(folder / "grid.png", grid, RunError)
        files = [folder / "grid.png"]
        for end, rows in (("", self.answer), ("-fact", self.facts.rows), ("-truth", self.truth)):
            images = None if rows is None else as_images(rows)
            if images is not None:
                files += write_images(images, folder, [f"row-{row}{end}.png" for row in self.rows])
        return files

    def _write_tracks(self, folder: Path) -> list[Path]:
        lines: list[list[object]] = []
        facts, answer = self.facts.rows, self.answer
        parts = (("fact", facts), ("forecast", self.still), ("counterfactual", answer), ("truth", self.truth))
        for which, scenes in parts:
            if not isinstance(scenes, Tracks):
                continue
            for i, row in enumerate(self.rows):
                for agent in np.flatnonzero(scenes.there[i]):
                    lines += [
                        [row, scenes.environment[i], which, int(agent), t, float(x), float(y)]
                        for t, (x, y) in enumerate(scenes.tracks[i, agent])
                    ]
        head = ["row", "environment", "which", "agent", "frame", "x", "y"]
        files = [_csv(folder / "tracks.csv", head, lines)]
        assert isinstance(facts, Tracks)
        names = [f"row {row}, {self.intervention}" for row in self.rows]
        panels = track_panels(facts, self.still, Question("", answer, self.truth), self.observed, names)
        write_whole(folder / "tracks.svg", tracks_figure(panels), RunError)
        return [*files, folder / "tracks.svg"]


def ask(
    run: str | Path, intervention: Intervention | str, *, rows: Sequence[int] | None = None, data: str | None = None
) -> Answer:
    """What rows would have been, from a run folder of `fit`.

    Args:
        run: The folder.
        intervention: Such as `do(domain=d1)`.
        rows: Numbers of rows in the data, from 0; None takes the first few.
        data: Other data of the same kind; None takes those of the fit.

    Raises:
        RunError: If the folder is no finished fit.
        UnknownVariableError: If the model has no such target.
        InterventionError: If the target takes no such value.
        OptionError: If there is no such row.
        FormatError: If the data are not there any more.
    """
    do = Intervention.parse(intervention) if isinstance(intervention, str) else intervention
    method, model, targets, source, known = load_fit(run)
    warnings = check_intervention(targets, do)
    if data is None and not source.is_world and Path(source.data).is_absolute() and not Path(source.data).exists():
        raise RunError(f"the rows of this fit are not at {source.data} any more: say where they are (--data)")
    if data is not None:
        same = data == source.data
        source = replace(source, data=data, labels=source.labels if same else None)
        if not source.is_world:
            source = replace(source, rows=None, world={})
    observed = source.read(method.forms, method.window(model.config))
    method.form(observed)
    if data is None and observed.hash() != known:
        warnings.append(f"{source.data} has changed since the fit: the rows are of what is there now")
    numbers = tuple(range(min(FIRST, len(observed)))) if rows is None else tuple(rows)
    facts = observed.take(numbers)
    return Answer(
        do,
        numbers,
        facts,
        method.counterfactual(model, facts, Intervention()),
        method.counterfactual(model, facts, do),
        method.truth(facts, do),
        (method.latents(model, facts, Intervention()), method.latents(model, facts, do)),
        tuple(warnings),
        method.window(model.config)[0],
    )


def answer_folder(run: Path, do: Intervention) -> Path:
    """Where the answer to a question goes; what an earlier answer to it left there is removed."""
    bare = re.sub(r"[][\"\s]", "", str(do).removeprefix("do(").removesuffix(")"))
    name = re.sub(r"[^\w.,=+-]+", "_", bare) or "nothing"
    folder = run / "do" / name[:100]
    if (folder / "answer.json").is_file():
        shutil.rmtree(folder)
    return folder


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
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise OptionError(f"rows are numbers such as 3,17 or 0-5, got {text!r}")
        rows += range(int(first), int(last) + 1) if dash else [int(first)]
    if not rows:
        raise OptionError(f"{text!r} names no row")
    return tuple(rows)


def _table_lines(answer: Answer) -> tuple[list[str], list[list[object]]]:
    parts = (("fact", answer.facts.rows), ("counterfactual", answer.answer), ("truth", answer.truth))
    assert isinstance(answer.answer, Table)
    names = answer.answer.names
    lines: list[list[object]] = []
    for which, table in parts:
        if isinstance(table, Table):
            lines += _numbered(answer.rows, which, table)(names)
    return ["row", "which", *names], lines


def _numbered(rows: Sequence[int], which: str, table: Table) -> Callable[[Iterable[str]], list[list[object]]]:
    """Lines of a table, each with the number of its row and what it is; empty where it has no such column."""

    def lines(names: Iterable[str]) -> list[list[object]]:
        columns = [table.labels(name) if name in table else [""] * table.n for name in names]
        return [[row, which, *(column[i] for column in columns)] for i, row in enumerate(rows)]

    return lines


def _csv(path: Path, head: Sequence[str], lines: Iterable[Sequence[object]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(lines)
    write_whole(path, text.getvalue(), RunError)
    return path


def is_fit(path: str | Path) -> bool:
    """Whether a folder holds a run of `fit`."""
    try:
        return bool(json.loads((Path(path) / "run.json").read_text())["kind"] == KIND)
    except (OSError, ValueError, KeyError, TypeError):
        return False
