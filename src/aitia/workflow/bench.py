"""Several methods on one world, seed by seed, beside what needs no model: a table, a report, and every number as JSON.

A cell is one method at one seed: the world's rows of that seed, the fit, its scores on further rows. Finished cells are
kept in a journal, so that a bench that was stopped goes on where it was. A cell that fails is a sentence in the table.
Cells run on one thread each, whatever `jobs` is, so that their numbers do not depend on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from aitia.engine import Engine, LocalEngine, Progress
from aitia.errors import AitiaError, OptionError
from aitia.runs import open_run, versions
from aitia.workflow.contract import Measure
from aitia.workflow.fit import fit
from aitia.workflow.options import nearest, option_names, parse_options
from aitia.workflow.registry import find_method
from aitia.workflow.source import Source, find_world

__all__ = ["Bench", "bench"]

LEAST = 5
"""Rows of a world below which nothing is fitted."""


@dataclass(frozen=True)
class Bench:
    """What was measured.

    Args:
        world: The world's name.
        methods: In the order asked for.
        seeds: How many.
        rows: Of the world, for each fit.
        options: What was set, by method.
        measures: Those with a score, the most important first.
        scores: For each method and baseline its scores by measure and seed.
        failed: Why a method gave no score, by method: seed and sentence.
        path: The run folder; None where nothing was kept.
    """

    world: str
    methods: tuple[str, ...]
    seeds: int
    rows: int
    options: Mapping[str, Mapping[str, Any]]
    measures: tuple[Measure, ...]
    scores: Mapping[str, Mapping[str, Mapping[int, float]]]
    failed: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    path: Path | None = None

    @property
    def lines(self) -> list[tuple[str, dict[str, str], str]]:
        """Of the table: who, the cells by measure (mean and spread over the seeds), and why cells are missing."""
        shown = []
        for who in [*self.methods, *[name for name in self.scores if name not in self.methods]]:
            scores = self.scores.get(who, {})
            cells = {name: _cell(list(by.values())) for name, by in scores.items()}
            shown.append((who, cells, self._why(who)))
        return shown

    def _why(self, who: str) -> str:
        failed = self.failed.get(who, {})
        if not failed:
            return ""
        sentences = dict.fromkeys(failed.values())
        if len(sentences) == 1 and len(failed) == self.seeds:
            return next(iter(sentences))
        return "; ".join(f"seed {seed}: {sentence}" for seed, sentence in failed.items())

    def to_json(self) -> dict[str, Any]:
        """Every number, in JSON values."""
        return {
            "world": self.world,
            "methods": list(self.methods),
            "seeds": self.seeds,
            "rows": self.rows,
            "options": {name: dict(options) for name, options in self.options.items()},
            "measures": [asdict(m) for m in self.measures],
            "scores": {
                who: {name: {str(seed): v for seed, v in of.items()} for name, of in by.items()}
                for who, by in self.scores.items()
            },
            "failed": {who: {str(seed): why for seed, why in by.items()} for who, by in self.failed.items()},
        }


def bench(
    world: str,
    methods: Sequence[str],
    *,
    seeds: int = 3,
    rows: int | None = None,
    size: int | None = None,
    options: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
    jobs: int = 1,
    engine: Engine | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    command: str | None = None,
) -> Bench:
    """Fits each method to rows of a world, for each seed, and scores it against the truth.

    Args:
        world: Its name.
        methods: Names of methods.
        seeds: How many seeds, from 0.
        rows: Of the world, for each fit; None takes 1000, or 8 animals of a world of traces.
        size: Pixels on a side of the world's pictures.
        options: `METHOD.NAME` sets an option of one method, `NAME` that of every method that has it.
        arguments: Of the world, by name.
        jobs: Processes; they do not change the result.
        engine: Where cells run, in place of `jobs` processes here.
        out: The run folder; a bench that was stopped goes on there.
        progress: Told how far it is.
        command: The command line to record.

    Raises:
        OptionError: If there is no such world, method or option, a file has the world's name, or a number is out of
            range.
        RunError: If `out` holds another run.

    Example:
        >>> found = bench("latent-domains", ["domain-counterfactuals"], seeds=2, rows=200, options={"steps": 10})
        >>> len(found.scores["domain-counterfactuals"]["counterfactual MSE"]), sorted(found.scores)
        (2, ['do nothing', 'domain-counterfactuals', 'mean of the domain'])
    """
    find_world(world, arguments)
    if Path(world).exists():
        raise OptionError(f"there is a file or folder {world} here, which goes before a world's name: start elsewhere")
    rows = Source(world).resolved().rows if rows is None else rows
    if seeds < 1 or rows is None or rows < LEAST:
        raise OptionError(f"seeds is at least 1 and rows at least {LEAST}, got {seeds} and {rows}")
    if not methods or len(set(methods)) < len(methods):
        raise OptionError(f"methods are named once each, got {', '.join(methods) or 'none'}")
    chosen = _options(methods, options or {})
    source = {"size": size, "rows": rows, "world": dict(arguments or {})}
    cells = [_Cell(name, world, seed, chosen[name], source) for name in methods for seed in range(seeds)]
    engine = engine if engine is not None else LocalEngine(jobs)
    keys = [f"{cell.method} {cell.seed}" for cell in cells]
    if out is None:
        results = engine.map(_run, cells, keys=keys, progress=progress, what=f"bench of {world}")
        return _collect(world, tuple(methods), seeds, rows, chosen, cells, results, None)

    from aitia.workflow.bench_report import bench_report

    config = {"bench": world, "methods": list(methods), "seeds": seeds, "options": chosen, **source}
    with open_run(out, kind="bench", config=config, inputs={}, command=command) as run:
        results = engine.map(
            _run, cells, keys=keys, store=run.store("cells"), progress=progress, what=f"bench of {world}"
        )
        found = _collect(world, tuple(methods), seeds, rows, chosen, cells, results, Path(out))
        run.write_json("bench.json", found.to_json())
        page = bench_report(found, command, versions())
        run.write_text("report.html", page, part_of_result=False)
    return found


@dataclass(frozen=True)
class _Cell:
    method: str
    world: str
    seed: int
    options: Mapping[str, Any]
    source: Mapping[str, Any]


def _run(cell: _Cell) -> dict[str, Any]:
    """The scores of a cell, or the sentence of the error that it ended in."""
    try:
        with _one_thread():
            found = fit(
                cell.method,
                Source(cell.world, seed=cell.seed, **cell.source),
                options=cell.options,
                seed=cell.seed,
            )
    except AitiaError as error:
        return {"failed": str(error)}
    except Exception as error:  # a cell that breaks must not take the others with it
        return {"failed": f"{type(error).__name__}: {error}"}
    return {"scores": {who: dict(by) for who, by in found.scores.items()}}


def _collect(
    world: str,
    methods: tuple[str, ...],
    seeds: int,
    rows: int,
    options: Mapping[str, Mapping[str, Any]],
    cells: Sequence[_Cell],
    results: Sequence[Mapping[str, Any]],
    path: Path | None,
) -> Bench:
    scores: dict[str, dict[str, dict[int, float]]] = {}
    failed: dict[str, dict[int, str]] = {}
    first: dict[tuple[str, str, int], float] = {}
    for cell, result in zip(cells, results, strict=True):
        if "failed" in result:
            failed.setdefault(cell.method, {})[cell.seed] = result["failed"]
            continue
        for who, by in result["scores"].items():
            for measure, value in by.items():
                name = cell.method if who == "model" else who
                if who != "model" and first.setdefault((who, measure, cell.seed), value) != value:
                    name = f"{who} ({cell.method})"  # the same idea on another window of the rows
                scores.setdefault(name, {}).setdefault(measure, {})[cell.seed] = value
    known = [m for name in methods for m in find_method(name).measures]
    measures = {m.name: m for m in known if any(m.name in by for by in scores.values())}
    return Bench(world, methods, seeds, rows, options, tuple(measures.values()), scores, failed, path)


def _options(methods: Sequence[str], given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is set, by method, of the right types."""
    found: dict[str, dict[str, Any]] = {name: {} for name in methods}
    known = {name: option_names(find_method(name).config_class) for name in methods}
    for text, value in given.items():
        slug, dot, name = text.rpartition(".")
        if dot and slug not in found:
            raise OptionError(f"{text}: {slug!r} is not among the methods {', '.join(methods)}")
        takers = [slug] if dot else [m for m in methods if text in known[m]]
        if not takers:
            every = sorted({option for options in known.values() for option in options})
            raise OptionError(
                f"no method here has an option {text!r}.{nearest(text, every)} There are: {', '.join(every)}"
            )
        for taker in takers:
            found[taker] |= parse_options(find_method(taker).config_class, {name: value}, of=taker)
    for name in methods:
        find_method(name).configure(found[name], 0)
    return found


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums over several threads come out in another order, and with them the last digits."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


def _cell(values: Sequence[float]) -> str:
    """Mean and spread."""
    spread = f" ± {stdev(values):.2g}" if len(values) > 1 else ""
    return f"{mean(values):.3g}{spread}"
