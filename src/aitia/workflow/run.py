"""The main job: a system fitted to a user's data or to a world, in a folder that resumes, with scores and a report.

run.json, timing.json       what was run on what
source.json                 where rows and subjects are, to find them again, and the roles of the columns
model/                      config.json and the weights, as `aitia.load` reads them
training.json               losses, what was chosen, warnings
metrics.json                scores of the model and of trivial baselines, on rows that the fit has not seen; warnings;
                            what `do` may set, and the graphs that were found
report.html                 all of it to read
answers/                    what language models answered, which is not asked again
checkpoint/                 the state of the training while it runs

Under `torchrun` every process trains and the first alone writes.
"""

import json
import os
import shutil
import time
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aitia.card import Card
from aitia.data.flow import Flow
from aitia.data.spreadsheet import Reading
from aitia.engine import Progress
from aitia.errors import DataError, RunError
from aitia.graph.graph import Graph
from aitia.guard import guarded, read_json
from aitia.runs import RECORD, Run, RunStore, open_run, versions
from aitia.saving import need_safetensors
from aitia.system import Discovers, Given, Score, Scores, System, Target, Training, find
from aitia.system.loading import FIT
from aitia.system.unscored import UnscoredWarning
from aitia.workflow.held_out import held_out
from aitia.workflow.missing import TESTWISE, gaps, policy, used
from aitia.workflow.names import configured, sorted_names
from aitia.workflow.progress import with_prediction
from aitia.workflow.source import Source, reads_of

__all__ = ["FRESH_SEED", "Fit", "fit"]

FILES = ("source.json", "model/", "answers/", "checkpoint/", "training.json", "metrics.json", "report.html")
"""What a fit writes into its folder; the three folders are wholly its own while it runs."""
FRESH, FRESH_SEED = 500, 1_000_003
"""Most rows of a world to score on, never more than of the fit; what is added to the seed of its rows for them."""
MANY = 2000
"""Most rows of a user's data to score on."""
FIRST_WAITS = 600
"""Seconds that the other processes of a training give the first to begin."""
_UNSCORED = "nothing was scored"
FEW = 30
"""Rows held out, below which a score may be impossible."""
TEST_SHARE = 0.1
"""Of a user's rows, kept out of the fit unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted system.

    Args:
        system: It.
        given: What it was fitted to.
        fresh: The rows that it was scored on.
        scores: By the name of the metric, the most important first.
        training: How the training went.
        source: Where the rows are from.
        of: Roles and subjects, as the user named them.
        test_share: Of a user's rows, that was kept out of the fit.
        path: The run folder; None where nothing was kept.
        alarms: Why its answers are worth little, in sentences; see `aitia.workflow.worth`.
        flow: How the rows came to be, where they were read from a table or some were left out.
    """

    system: System = field(repr=False)
    given: Given = field(repr=False)
    fresh: Given = field(repr=False)
    scores: Mapping[str, Score]
    training: Training = field(repr=False)
    source: Source
    of: Mapping[str, Any]
    test_share: float
    path: Path | None = None
    alarms: tuple[str, ...] = ()
    flow: Flow | None = field(default=None, repr=False)

    @property
    def slug(self) -> str:
        """The name of the system."""
        return self.system.card.slug

    @property
    def targets(self) -> tuple[Target, ...]:
        """What `do` can set, as far as it can be listed."""
        return tuple(self.system.targets)

    @property
    def graphs(self) -> Mapping[str, Graph]:
        """The graphs that it found, of a system that finds any."""
        return self.system.graphs() if isinstance(self.system, Discovers) else {}

    @property
    def scored_on(self) -> str:
        """Which rows the scores are of, in words."""
        if self.given.rows is None:
            return "what it is bound to"
        if self.given.world is not None:
            return f"{len(self.fresh)} further rows of the world {self.given.name}"
        if self.fresh is self.given:
            return f"the {len(self.given)} rows of the fit itself: hold some out for a fair score"
        return f"{len(self.fresh)} rows that the fit has not seen"

    @property
    def unscored(self) -> str:
        """Why there are no scores, where the warnings do not say it."""
        if self.scores or any(warning.startswith(_UNSCORED) for warning in self.training.warnings):
            return ""
        return "Nothing was scored: what is given holds no truth to score against."

    def to_json(self) -> dict[str, Any]:
        """Scores and warnings in JSON values."""
        return {
            "system": self.slug,
            "data": self.source.name,
            "graphs": {name: str(graph) for name, graph in self.graphs.items()},
            "scored_on": self.scored_on,
            "scores": {
                name: {"better": score.better, "model": score.value, **score.baselines}
                for name, score in self.scores.items()
            },
            "flow": [] if self.flow is None else self.flow.lines(),
            "notes": list(self.training.notes),
            "warnings": list(self.training.warnings),
            "alarms": list(self.alarms),
            "targets": [asdict(target) for target in self.targets],
            "says": self.system.targets.says,
            "path": None if self.path is None else str(self.path),
        }


def fit(
    slug: str,
    data: Any = None,
    *,
    out: str | Path | None = None,
    seed: int = 0,
    test_share: float = TEST_SHARE,
    rows: int | None = None,
    size: int | None = None,
    world: Mapping[str, Any] | None = None,
    reading: Reading | None = None,
    kinds: Mapping[str, str] | None = None,
    missing: str | None = None,
    progress: Progress | None = None,
    command: str | None = None,
    **named: Any,
) -> Fit:
    """Fits a system to data.

    Args:
        slug: The system, such as `domain-counterfactuals`.
        data: A path, a data set of the Hub, the name of a world, a frame, mapping, array, `Data` or `Source`; None
            where the system needs subjects alone.
        out: The run folder. A run that was killed resumes there and ends in the same bytes.
        seed: Of everything.
        test_share: Share of a user's rows that is kept out of the fit and scored on; 0 scores on the rows of the fit.
        rows: Of a world, 1000 if absent.
        size: Pixels on a side that pictures are scaled to, or that a world's have.
        world: Arguments of the world.
        reading: How to read a file of a table, where what stands in it does not say it.
        kinds: Of columns, where they are not what their values suggest.
        missing: What becomes of rows with gaps: `complete` leaves them out, `impute` fills gaps once by chained
            equations (rows that are scored on stay whole ones), `error` refuses them; or what the system's own option
            of that name takes. None takes whole rows, and of a search for each test those that it can use.
        progress: Told how far it is.
        command: The command line to record, when called from there.
        named: Roles and subjects of the system's card, and options of its `Config`.

    Returns:
        The fitted system with its scores.

    Raises:
        OptionError: If there is no such system, role, subject or option (the nearest is named), or two contradict.
        FormatError: If the data cannot be read.
        DataError: If the data cannot be used as they stand.
        RunError: If `out` holds a run of other data or options, or files that are not of a run.
        MissingExtraError: If a package that the system needs is not installed.
    """
    cls = find(slug).load()
    if out is not None:
        need_safetensors()  # before the work, not after it
    of, options = sorted_names(cls.card, cls.Config, named)
    own, missing = policy(cls.Config, missing)
    system = cls(configured(cls, {**options, **own}, seed))
    told = {"rows": rows, "size": size, "world": world or None, "reads": reads_of(reading, kinds) or None}
    source = Source.of(data, seed=None if isinstance(data, Source) else seed, **told).resolved()
    given = source.read(cls.card, of, cls.reads(system.config))
    if missing == TESTWISE and gaps(cls.card, given):
        system.set_params(missing=TESTWISE)
    seen, fresh, flow = _used(system, given, missing, source, test_share, seed)
    if progress is not None:
        progress(f"predicted: {system.work(seen)}", 0, 1)
    if out is None:
        system.fit(seen, run=RunStore(progress=with_prediction(progress)))
        return _judged(Fit(system, seen, fresh, {}, system.training, source, of, test_share, flow=flow))

    path = Path(out)
    if int(os.environ.get("RANK", "0")) > 0:  # the first process alone has the folder
        return Fit(_followed(system, seen, path), seen, fresh, {}, Training(), source, of, test_share, path)
    config = _config(system, source, of, test_share, missing)
    opened = open_run(path, kind=FIT, config=config, inputs=_inputs(given), files=FILES, command=command)
    with opened as run, _answers_kept(cls.card, path):
        run.write_text("source.json", _where(source, of, system, given) + "\n", part_of_result=False)
        trained, training = _trained(system, seen, run, progress)
        found = _judged(Fit(trained, seen, fresh, {}, training, source, of, test_share, path, flow=flow))
        _save(found, run, command)
        run.remove("checkpoint/")
    return found


def _answers_kept(card: Card, path: Path) -> AbstractContextManager[None]:
    """Keeps what language models answer, of a system that asks any."""
    if not any(subject.kind == "client" for subject in card.subjects.values()):
        return nullcontext()
    from aitia.text.cache import answers_kept

    return answers_kept(path / "answers")


def _judged(found: Fit) -> Fit:
    """With its scores, and with what speaks against its answers."""
    from aitia.workflow.worth import of_fit, of_rows

    scores, training = _scores(found)
    if scores or found.given.rows is None:
        alarms = of_fit(found.system, scores, found.given, found.fresh)
    else:
        alarms = of_rows(len(found.fresh))
    return replace(found, scores=scores, training=training, alarms=alarms)


def _scores(found: Fit) -> tuple[Scores, Training]:
    """The scores, with what they leave out among the warnings; none where too few rows were held out to tell any."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UnscoredWarning)
            scores = found.system.judge(found.fresh, found.given)
    except DataError as error:
        if found.fresh is found.given or len(found.fresh) >= FEW:
            raise
        why = (
            f"{_UNSCORED} on the {len(found.fresh)} row(s) that were held out: {error}. Hold out more (--test-share "
            "0.5), or fit to all and score on the same rows (--test-share 0)"
        )
        return {}, replace(found.training, warnings=(*found.training.warnings, why))
    said = [str(one.message) for one in caught if issubclass(one.category, UnscoredWarning)]
    for one in caught:
        if not issubclass(one.category, UnscoredWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return scores, replace(found.training, warnings=(*found.training.warnings, *said))


def _used(
    system: System, given: Given, missing: str, source: Source, test_share: float, seed: int
) -> tuple[Given, Given, Flow | None]:
    """Rows to fit to, rows to score on, and how they came to be."""
    card = system.card
    if missing != "impute":
        whole = used(card, given, missing)
        system.check_given(whole.given)
        return *_parts(system, whole.given, source, test_share, seed), whole.flow
    seen, fresh = _parts(system, given, source, test_share, seed)
    filled = used(card, seen, missing, seed, None if given.rows is None else given.table.flow)
    system.check_given(filled.given)
    # A score on cells that were filled in would be one of the filling.
    return filled.given, filled.given if fresh is seen else used(card, fresh, "complete").given, filled.flow


def _parts(system: System, given: Given, source: Source, test_share: float, seed: int) -> tuple[Given, Given]:
    """Rows to fit to, and rows to score on."""
    if given.rows is None:
        return given, given
    if given.world is not None:
        return given, given.fresh(system.card, min(FRESH, len(given)), seed=source.seed + FRESH_SEED)
    if test_share == 0:
        return given, given
    seen, fresh = held_out(given, test_share, seed)
    system.check_given(seen)
    return seen, fresh.take(range(min(len(fresh), MANY)))


def _where(source: Source, of: Mapping[str, Any], system: System, given: Given) -> str:
    """Where rows and subjects are, and the roles of columns; values that stand beside rows cannot be found again."""
    roles = {name: value for name, value in of.items() if name in system.card.takes}
    told = source.to_json() | {"roles": {name: value for name, value in roles.items() if _plain(value)}}
    told["in_memory"] = source.in_memory or len(told["roles"]) < len(roles)
    told["subjects"] = {name: subject.place for name, subject in given.subjects.items() if subject.place}
    return json.dumps(told, indent=2, ensure_ascii=False)


def _config(system: System, source: Source, of: Mapping[str, Any], test_share: float, missing: str) -> dict[str, Any]:
    """What makes two runs the same: a folder that moved holds the same data."""
    where = {name: value for name, value in source.to_json().items() if name != "in_memory"}
    where["data"] = None if source.data is None else Path(source.data).name
    roles = {name: of[name] if _plain(of[name]) else "values" for name in of if name in system.card.takes}
    beside = {"missing": missing} if missing in ("impute", "error") else {}  # what a run was told beside its options
    return beside | {
        "system": system.card.slug,
        "options": asdict(system.config),
        "data": where,
        "roles": roles,
        "test_share": test_share,
    }


def _plain(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value))


def _inputs(given: Given) -> dict[str, str]:
    """Hashes of the rows and of the subjects."""
    rows = {} if given.rows is None else {"rows": given.hash()}
    return rows | {name: subject.hash for name, subject in given.subjects.items()}


def _trained(system: System, seen: Given, run: Run, progress: Progress | None) -> tuple[System, Training]:
    """The system, read from the folder where an earlier start of this run has finished its training."""
    folder, note = run.path / "model", run.path / "training.json"
    if not (run.resumed and note.is_file()):
        store = RunStore(run.path / "checkpoint", with_prediction(progress), run.store)
        system.fit(seen, run=store)
        shutil.rmtree(folder, ignore_errors=True)  # a kill may have left a file of it half written
        system.save_pretrained(folder)
        run.write_json("training.json", _ordered(asdict(system.training)))
    run.keep("training.json")
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        run.keep(str(file.relative_to(run.path)))
    return _loaded(system, seen, folder), read_training(run.path)


def _loaded(system: System, seen: Given, folder: Path) -> System:
    read: System = type(system).from_pretrained(folder)
    return read.bind(**seen.subjects) if seen.subjects else read


def read_training(path: Path) -> Training:
    """What `training.json` says."""
    told = read_json(path / "training.json", dict, RunError)
    with guarded(path / "training.json", "is damaged", RunError):
        losses = tuple((name, tuple(points)) for name, points in told["losses"])
        return Training(losses, tuple(told["notes"]), tuple(told["warnings"]))


def _ordered(training: dict[str, Any]) -> dict[str, Any]:
    """With the parts of a loss by name: a training that was resumed has them in the order of its checkpoint."""
    return training | {
        "losses": [[name, [dict(sorted(point.items())) for point in points]] for name, points in training["losses"]]
    }


def _followed(system: System, seen: Given, path: Path) -> System:
    """One of several processes that is not the first: it takes part in the training and writes nothing."""
    deadline = time.monotonic() + FIRST_WAITS
    while not (path / RECORD).is_file():  # the folder is the first one's to make
        if time.monotonic() > deadline:
            raise RunError(f"the first process has not begun the run in {path} after {FIRST_WAITS} seconds")
        time.sleep(0.02)
    if (path / "training.json").is_file():
        return _loaded(system, seen, path / "model")
    return system.fit(seen, run=RunStore(path / "checkpoint", None, None))


def _save(found: Fit, run: Run, command: str | None) -> None:
    from aitia.workflow.report import report

    result = found.to_json()
    kept = ("scored_on", "scores", "warnings", "alarms", "graphs", "targets", "says")
    run.write_json("metrics.json", {name: result[name] for name in kept})
    page = report(found, command, versions())
    run.write_text("report.html", page, part_of_result=False)  # it names the command, and with it the folder
