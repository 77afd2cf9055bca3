"""Several systems on one world, seed by seed, beside what needs no model: a table, a report, and every number as JSON.

A cell is one system at one seed: the world's rows of that seed, the fit, its scores on further rows. Finished cells are
kept in a journal, so that a bench that was stopped goes on where it was. A cell that fails is a sentence in the table.
Cells run on one thread each, whatever `jobs` is, so that their numbers do not depend on it.

Somebody's own codes, graph or counterfactuals are judged on the same rows by the measures of `aitia.workflow.judging`,
and so are our systems then.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from aitia.cluster import ProcessEngine
from aitia.engine import Engine, Progress
from aitia.errors import AitiaError, OptionError
from aitia.runs import open_run, versions
from aitia.system import Score, find
from aitia.workflow.board import Bench, Measure
from aitia.workflow.names import configured
from aitia.workflow.options import nearest, option_names, parse_options
from aitia.workflow.run import fit
from aitia.workflow.source import Source, find_world

__all__ = ["OWN", "Bench", "bench"]

LEAST = 5
"""Rows of a world below which nothing is fitted."""
OWN = "own"
"""What somebody's own results are called in the table, unless told otherwise."""


def bench(
    world: str,
    systems: Sequence[str] = (),
    *,
    seeds: int = 3,
    rows: int | None = None,
    size: int | None = None,
    options: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
    own: Mapping[str, str] | None = None,
    called: str = OWN,
    jobs: int = 1,
    engine: Engine | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    command: str | None = None,
) -> Bench:
    """Fits each system to rows of a world, for each seed, and scores it against the truth.

    Args:
        world: Its name.
        systems: Slugs.
        seeds: How many seeds, from 0.
        rows: Of the world, for each fit; None takes 1000, or 8 animals of a world of recordings.
        size: Pixels on a side of the world's pictures.
        options: `SYSTEM.NAME` sets an option of one system, `NAME` that of every one that has it.
        arguments: Of the world, by name.
        own: Paths of somebody's own `codes`, `graph` and `counterfactuals`, with `{seed}` where there is one a seed.
        called: What they are called in the table.
        jobs: Processes; they do not change the result.
        engine: Where cells run, in place of `jobs` processes here.
        out: The run folder; a bench that was stopped goes on there.
        progress: Told how far it is.
        command: The command line to record.

    Raises:
        OptionError: If there is no such world, system or option, or a number is out of range.
        FormatError: If own results cannot be read.
        RunError: If `out` holds another run.
    """
    find_world(world, arguments)
    where = Source(world, rows, size, world=dict(arguments or {}), is_world=True).resolved()
    if seeds < 1 or where.rows is None or where.rows < LEAST:
        raise OptionError(f"seeds is at least 1 and rows at least {LEAST}, got {seeds} and {where.rows}")
    if not (systems or own) or len(set(systems)) < len(systems) or called in systems:
        raise OptionError(f"systems are named once each, got {', '.join(systems) or 'none'}")
    chosen = _options(systems, options or {})
    own = dict(own or {})
    cells = [_Cell(name, seed, chosen[name], where, tuple(own)) for name in systems for seed in range(seeds)]
    judged = _own(where, own, seeds)
    engine = engine if engine is not None else ProcessEngine(jobs)
    keys = [f"{cell.system} {cell.seed}" for cell in cells]
    about = (world, tuple(systems), seeds, where.rows, chosen)
    if out is None:
        results = engine.map(_run, cells, keys=keys, progress=progress, what=f"bench of {world}")
        return _collect(about, cells, results, {called: judged} if own else {}, None)

    config = {"bench": world, "systems": list(systems), "seeds": seeds, "options": chosen, "own": own, **asdict(where)}
    config.pop("memory")
    files = ("bench.json", "bench.csv", "bench.tex", "report.html")
    with open_run(out, kind="bench", config=config, inputs={}, files=files, command=command) as run:
        results = engine.map(
            _run, cells, keys=keys, store=run.store("cells"), progress=progress, what=f"bench of {world}"
        )
        found = _collect(about, cells, results, {called: judged} if own else {}, Path(out))
        run.write_json("bench.json", found.to_json())
        run.write_text("bench.csv", found.to_csv())
        run.write_text("bench.tex", found.to_latex())
        from aitia.workflow.bench_report import bench_report

        run.write_text("report.html", bench_report(found, command, versions()), part_of_result=False)
    return found


@dataclass(frozen=True)
class _Cell:
    system: str
    seed: int
    options: Mapping[str, Any]
    where: Source
    own: tuple[str, ...]


def _run(cell: _Cell) -> dict[str, Any]:
    """The scores of a cell, or the sentence of the error that it ended in."""
    try:
        with _one_thread():
            source = replace(cell.where, seed=cell.seed)
            found = fit(cell.system, source, seed=cell.seed, **cell.options)
            scores = dict(found.scores)
            if cell.own:
                from aitia.workflow.judging import judged

                scores |= judged(found.system, found.fresh, _trial(source, cell.seed), cell.own)
    except AitiaError as error:
        return {"failed": str(error)}
    except Exception as error:  # a cell that breaks must not take the others with it
        return {"failed": f"{type(error).__name__}: {error}"}
    told = {name: asdict(score) for name, score in scores.items()}
    for score in told.values():
        del score["trivial"]  # what it says is in the alarms
    return {"scores": told, "alarms": list(found.alarms)}


def _trial(where: Source, seed: int) -> Any:
    from aitia.workflow.trials import trial_of

    return trial_of(find_world(str(where.data), where.world), where.rows or 0, seed=seed, size=where.size or 0)


def _own(where: Source, own: Mapping[str, str], seeds: int) -> dict[int, dict[str, Score]]:
    """Somebody's own results, by seed."""
    if not own:
        return {}
    from aitia.workflow.judging import read_own

    return {seed: read_own(own, _trial(where, seed), seed) for seed in range(seeds)}


def _collect(
    about: tuple[str, tuple[str, ...], int, int, Mapping[str, Mapping[str, Any]]],
    cells: Sequence[_Cell],
    results: Sequence[Mapping[str, Any]],
    own: Mapping[str, Mapping[int, Mapping[str, Score]]],
    path: Path | None,
) -> Bench:
    scores: dict[str, dict[str, dict[int, float]]] = {}
    failed: dict[str, dict[int, str]] = {}
    worth: dict[str, dict[int, list[str]]] = {}
    measures: dict[str, Measure] = {}
    first: dict[tuple[str, str, int], float] = {}
    told: list[tuple[str, int, Mapping[str, Mapping[str, Any]]]] = []
    for who, by in own.items():
        told += [(who, seed, {name: asdict(score) for name, score in given.items()}) for seed, given in by.items()]
    for cell, result in zip(cells, results, strict=True):
        if "failed" in result:
            failed.setdefault(cell.system, {})[cell.seed] = result["failed"]
        else:
            told.append((cell.system, cell.seed, result["scores"]))
            if result["alarms"]:
                worth.setdefault(cell.system, {})[cell.seed] = result["alarms"]
    for who, seed, by_name in told:
        for name, score in by_name.items():
            measures.setdefault(name, Measure(name, score["better"], score["about"]))
            scores.setdefault(who, {}).setdefault(name, {})[seed] = score["value"]
            for baseline, value in score["baselines"].items():
                # The same idea on another window of the rows has another value: it is told apart by its system.
                same = first.setdefault((baseline, name, seed), value) == value
                shown = baseline if same else f"{baseline} ({who})"
                scores.setdefault(shown, {}).setdefault(name, {})[seed] = value
    world, systems, seeds, rows, options = about
    return Bench(world, (*own, *systems), seeds, rows, options, tuple(measures.values()), scores, failed, worth, path)


def _options(systems: Sequence[str], given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is set, by system, of the right types."""
    found: dict[str, dict[str, Any]] = {name: {} for name in systems}
    classes = {name: find(name).load() for name in systems}
    known = {name: option_names(cls.Config) for name, cls in classes.items()}
    for text, value in given.items():
        slug, dot, name = text.rpartition(".")
        if dot and slug not in found:
            raise OptionError(f"{text}: {slug!r} is not among the systems {', '.join(systems) or 'none'}")
        takers = [slug] if dot else [m for m in systems if text in known[m]]
        if not takers:
            every = sorted({option for options in known.values() for option in options})
            raise OptionError(
                f"no system here has an option {text!r}.{nearest(text, every)} There are: {', '.join(every)}"
            )
        for taker in takers:
            found[taker] |= parse_options(classes[taker].Config, {name: value}, of=taker)
    for name in systems:
        configured(classes[name], found[name], 0)
    return found


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums over several threads come out in another order, and with them the last digits."""
    from threadpoolctl import threadpool_limits

    torch: Any = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 0
    if torch is not None:
        torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)
