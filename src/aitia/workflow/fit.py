"""The main job: a method fitted to a user's data or to a world, in a folder that resumes, with scores and a report.

run.json, timing.json       what was run on what
source.json                 where the rows are, to find them again
model/                      config.json, model.safetensors, targets.json (what `do` can set, and the trained ranges)
training.json               losses, what was chosen, warnings
metrics.json                scores of the model and of trivial baselines, on rows that the fit has not seen
report.html                 all of it to read
checkpoint/                 the state of the training while it runs

Under `torchrun` every process trains and the first alone writes.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aitia.engine import Progress
from aitia.errors import RunError
from aitia.runs import Run, open_run, versions
from aitia.workflow.contract import Adapter, Measure, Target, Training
from aitia.workflow.observed import Observed
from aitia.workflow.progress import with_prediction
from aitia.workflow.registry import find_method
from aitia.workflow.source import Source

__all__ = ["Fit", "fit", "load_fit"]

KIND = "fit"
FRESH = 500
"""Most rows of a world to score on; never more than it was fitted to."""
MANY = 2000
"""Most rows of a user's data to score on."""
TEST_SHARE = 0.1
"""Of a user's rows, kept out of the fit unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted method.

    Args:
        slug: The method.
        model: The fitted model.
        method: How the commands treat it.
        data: What it was fitted to.
        fresh: The rows that it was scored on.
        scores: By the name of the measure, for `model` and every baseline.
        training: How the training went.
        targets: What `do` can set.
        source: Where the data are from.
        test_share: Of a user's rows, that was kept out of the fit.
        path: The run folder; None where nothing was kept.
    """

    slug: str
    model: Any = field(repr=False)
    method: Adapter = field(repr=False)
    data: Observed = field(repr=False)
    fresh: Observed = field(repr=False)
    scores: Mapping[str, Mapping[str, float]]
    training: Training = field(repr=False)
    targets: tuple[Target, ...]
    source: Source
    test_share: float
    path: Path | None = None

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that have a score."""
        return tuple(m for m in self.method.measures if any(m.name in of for of in self.scores.values()))

    @property
    def scored_on(self) -> str:
        """Which rows the scores are of, in words."""
        if self.data.world is not None:
            return f"{len(self.fresh)} further rows of the world {self.data.name}"
        if self.fresh is self.data:
            return f"the {len(self.data)} rows of the fit itself: hold some out for a fair score"
        return f"{len(self.fresh)} rows that the fit has not seen"

    def to_json(self) -> dict[str, Any]:
        """Scores and warnings in JSON values."""
        return {
            "method": self.slug,
            "data": self.source.data,
            "scored_on": self.scored_on,
            "scores": {
                m.name: {"better": m.better, **{who: of[m.name] for who, of in self.scores.items() if m.name in of}}
                for m in self.measures
            },
            "notes": list(self.training.notes),
            "warnings": list(self.training.warnings),
            "targets": [asdict(target) for target in self.targets],
            "path": None if self.path is None else str(self.path),
        }


def fit(
    slug: str,
    data: str | Source,
    *,
    options: Mapping[str, Any] | None = None,
    test_share: float = TEST_SHARE,
    seed: int = 0,
    out: str | Path | None = None,
    progress: Progress | None = None,
    command: str | None = None,
    **source: Any,
) -> Fit:
    """Fits a method to data.

    Args:
        slug: The method, such as `domain-counterfactuals`.
        data: A folder of images with a CSV file, a table, tracks, a data set of the Hub, or the name of a world.
        options: Of the method, by name; texts are read as its configuration says.
        test_share: Share of a user's rows that is kept out of the fit and scored on; 0 scores on the rows of the fit.
        seed: Of everything.
        out: The run folder. A run that was killed resumes there and ends in the same bytes.
        progress: Told how far it is.
        command: The command line to record, when called from there.
        source: Further arguments of `Source`.

    Returns:
        The model with its scores.

    Raises:
        OptionError: If there is no such method or option, or two contradict.
        FormatError: If the data cannot be read.
        DataError: If the data cannot be used as they stand.
        RunError: If `out` holds a run of other data or options.
        MissingExtraError: If a package that the method needs is not installed.

    Example:
        >>> found = fit("domain-counterfactuals", "latent-domains", rows=300, options={"steps": 20, "changing": 2})
        >>> [m.name for m in found.measures][0], sorted(found.scores)
        ('counterfactual MSE', ['do nothing', 'mean of the domain', 'model'])
    """
    method = find_method(slug)
    config = method.configure(options or {}, seed)
    where = replace(data, **source) if isinstance(data, Source) else Source(data, **{"seed": seed, **source})
    where = where.resolved()
    observed = where.read(method.forms, method.window(config))
    method.check(observed, config)
    if observed.world is not None:
        seen, fresh = observed, observed.fresh(min(FRESH, len(observed)), seed=where.seed + 1_000_003)
    elif test_share == 0:
        seen = fresh = observed
    else:
        seen, fresh = observed.split(test_share, seed)
        method.check(seen, config)
        fresh = fresh.take(range(min(len(fresh), MANY)))
    if progress is not None:
        progress(f"predicted: {method.work(seen, config)}", 0, 1)
    if out is None:
        model = method.fit(seen, config, checkpoint=None, progress=with_prediction(progress))
        return _judged(slug, method, model, method.training(model), None, seen, fresh, where, test_share, None)

    path = Path(out)
    if int(os.environ.get("RANK", "0")) > 0:  # the first process alone has the folder
        return _follow(slug, method, config, seen, fresh, where, test_share, path)
    named = where.to_json() | {"data": Path(where.data).name, "labels": None}  # a folder that moved is the same data
    record = {"method": slug, "options": asdict(config), "data": named, "test_share": test_share}
    inputs = {"rows": observed.hash()}
    with open_run(path, kind=KIND, config=record, inputs=inputs, command=command) as run:
        run.write_text("source.json", json.dumps(where.to_json(), indent=2) + "\n", part_of_result=False)
        model, training, targets = _trained(method, config, seen, run, progress)
        found = _judged(slug, method, model, training, targets, seen, fresh, where, test_share, path)
        _save(found, config, run, command)
        shutil.rmtree(path / "checkpoint", ignore_errors=True)
    return found


def load_fit(path: str | Path) -> tuple[Adapter, Any, tuple[Target, ...], Source, str]:
    """The method, the model, what `do` can set, where the data are, and the hash of the rows, of a run folder.

    Raises:
        RunError: If the folder is no finished fit.
        FormatError: If the model is damaged, or is another one than the folder says.
    """
    path = Path(path)
    try:
        record = json.loads((path / "run.json").read_text())
        slug, status = record["config"]["method"], record["status"]
        if record["kind"] != KIND:
            raise RunError(f"{path} holds a run of {record['kind']!r}, not of {KIND!r}")
        if status != "finished":
            raise RunError(f"the run in {path} is {status}: give the same command again and it goes on")
        told = json.loads((path / "source.json").read_text())
        source = Source(**{**told, "causes": tuple(told["causes"])})
        rows = str(record["inputs"]["rows"])
    except FileNotFoundError as error:
        raise RunError(f"{path} is not the folder of a fit: it has no {Path(error.filename).name}") from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"the run in {path} is damaged ({error}): fit again") from error
    method = find_method(slug)
    model = method.load(path / "model")
    return method, model, _read_targets(path), source, rows


def _trained(
    method: Adapter, config: Any, data: Observed, run: Run, progress: Progress | None
) -> tuple[Any, Training, tuple[Target, ...]]:
    """The model, read from the folder where an earlier start of this run has finished its training."""
    model_folder = run.path / "model"
    if not (run.resumed and (model_folder / "targets.json").is_file()):
        fitted = method.fit(data, config, checkpoint=run.path / "checkpoint", progress=with_prediction(progress))
        run.write_json("training.json", _ordered(asdict(method.training(fitted))))
        fitted.save_pretrained(model_folder)
        targets = [asdict(target) for target in method.targets(fitted, data)]
        run.write_json("model/targets.json", targets)
    for name in ("training.json", "model/config.json", "model/model.safetensors", "model/targets.json"):
        run.keep(name)
    training = json.loads((run.path / "training.json").read_text())
    losses = tuple((name, tuple(points)) for name, points in training["losses"])
    told = Training(losses, tuple(training["notes"]), tuple(training["warnings"]))
    return method.load(model_folder), told, _read_targets(run.path)


def _ordered(training: dict[str, Any]) -> dict[str, Any]:
    """With the parts of a loss by name: a training that was resumed has them in the order of its checkpoint."""
    return training | {
        "losses": [[name, [dict(sorted(point.items())) for point in points]] for name, points in training["losses"]]
    }


def _follow(
    slug: str,
    method: Adapter,
    config: Any,
    data: Observed,
    fresh: Observed,
    source: Source,
    test_share: float,
    path: Path,
) -> Fit:
    """One of several processes that is not the first: it takes part in the training and writes nothing."""
    if (path / "model" / "targets.json").is_file():
        model = method.load(path / "model")
    else:
        model = method.fit(data, config, checkpoint=path / "checkpoint", progress=None)
    return Fit(slug, model, method, data, fresh, {}, Training(), (), source, test_share, path)


def _judged(
    slug: str,
    method: Adapter,
    model: Any,
    training: Training,
    targets: tuple[Target, ...] | None,
    data: Observed,
    fresh: Observed,
    source: Source,
    test_share: float,
    path: Path | None,
) -> Fit:
    scores = {"model": method.score(model, data, fresh), **method.baselines(model.config, data, fresh)}
    known = method.targets(model, data) if targets is None else targets
    return Fit(slug, model, method, data, fresh, scores, training, known, source, test_share, path)


def _save(found: Fit, config: Any, run: Run, command: str | None) -> None:
    from aitia.workflow.report import report

    result = found.to_json()
    run.write_json("metrics.json", {name: result[name] for name in ("scored_on", "scores")})
    page = report(found, config, command, versions())
    run.write_text("report.html", page, part_of_result=False)  # it names the command, and with it the folder


def _read_targets(path: Path) -> tuple[Target, ...]:
    try:
        listed = json.loads((path / "model" / "targets.json").read_text())
        return tuple(Target(t["name"], tuple(t["labels"]), tuple(t["low"]), tuple(t["high"])) for t in listed)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path / 'model' / 'targets.json'} is missing or damaged ({error}): fit again") from error
