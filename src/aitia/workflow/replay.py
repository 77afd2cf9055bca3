"""Replays: the first seed of stored evidence runs again, and evidence whose values come back stands for the new code.

Evidence is stale once the code that it rests on has changed. Most changes move no number; a replay shows it at the
cost of one seed. Negative controls that the stored evidence lacks, and rows that a control faces anew, run on that seed
too, and parts that it lacks on all of their seeds: the replay takes them up, with their rows, while all that was stored
has to come back. What a row says that has no values is taken as the claim says it now. On other versions or another
kind of machine it is a measurement of its own and stands in a second file, for equal numbers there say nothing about
the code, and others nothing against it. Where that file is of the code that the stored evidence stands for, the two
codes meet on one machine: if every value of it comes back, the change moves no number, and the stored evidence stands
for the new code as well. Parts that it lacks are then taken up as at home, and their rows say where they were measured.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aitia.cluster import ProcessEngine
from aitia.engine import Engine, Progress
from aitia.errors import OptionError, RunError
from aitia.evidence import STORED, Evidence, Replay, Row, stored_evidence
from aitia.evidence.claim import control_key
from aitia.evidence.origin import commit_here, origin_key
from aitia.evidence.remembered import remembered_hash
from aitia.files import write_whole
from aitia.workflow.verify import claim_module, evidence_folder, measure

__all__ = ["RELATIVE", "Replayed", "differences", "is_stale", "replay"]

RELATIVE = 1e-6
"""How far a value may lie from the stored one."""
_ROUNDING = 1e-12
"""The same of values that are 0 up to rounding."""


@dataclass(frozen=True)
class Replayed:
    """What came of a replay.

    Args:
        slug: Of the system.
        differs: What did not come back, in sentences.
        stamped: Whether the stored evidence stands for the code as it is now.
        file: What was written; None where nothing was.
        controls: What negative controls gave that was not stored and is now, in sentences.
        rows: Rows that were not stored, or had no values, and are as the claim has them now, in words.
    """

    slug: str
    differs: tuple[str, ...]
    stamped: bool
    file: Path | None
    controls: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


def is_stale(evidence: Evidence) -> bool:
    """Whether the code that the evidence rests on has changed since; of one that names no code nobody can tell.

    Raises:
        OptionError: If the system has no claim here.
    """
    return evidence.source is not None and evidence.source != remembered_hash(claim_module(evidence.slug))


def replay(
    slug: str, out: Path, *, jobs: int = 1, engine: Engine | None = None, progress: Progress | None = None
) -> Replayed:
    """Runs the first seed of the stored evidence again, and renews the evidence where every value comes back.

    Parts that are not stored run on all of their seeds. On another kind of machine the values are held against those
    of the second file, if that is of the code that the stored evidence stands for.

    Args:
        slug: Of the system.
        out: The folder of evidence; where it has none of this system, that which ships with the package is taken.
        jobs: Processes.
        engine: Where the seed runs, in place of `jobs` processes here.
        progress: Told how far it is.

    Raises:
        OptionError: If there is no evidence, or none that holds values.
        RunError: If the folder cannot be written, or another process works in it.
    """
    with evidence_folder(out, slug):
        return _replayed(slug, out, engine or ProcessEngine(jobs), progress)


def _replayed(slug: str, out: Path, engine: Engine, progress: Progress | None) -> Replayed:
    stored = stored_evidence(out, slug) or stored_evidence(STORED, slug)
    if stored is None:
        raise OptionError(f"there is no stored evidence of {slug} to replay: run `aitia verify {slug}`")
    if stored.source is None or not stored.first:
        raise OptionError(f"the evidence of {slug} holds no values of its seeds: run `aitia verify {slug}` anew")
    here = origin_key()
    stem = f"{slug}.replay-{here}"
    once = tuple(stored.first)
    fresh = measure(slug, out, stem, once=once, first_seed=stored.first_seed, engine=engine, progress=progress)
    if origin_key(stored.versions, stored.machine) == here:
        return _renewed(stored, stored, fresh, out)
    second, before = out / f"{stem}.json", stored_evidence(out, stem)
    if before is None or before.source != stored.source or fresh.source == stored.source:
        write_whole(second, fresh.to_json(), RunError)
        return Replayed(slug, _unlike(stored, stored, fresh), False, second)
    done = _renewed(stored, before, fresh, out, machine=fresh.machine["processor"])
    if done.stamped:
        write_whole(second, fresh.to_json(), RunError)
    return done


def _renewed(stored: Evidence, before: Evidence, fresh: Evidence, out: Path, machine: str | None = None) -> Replayed:
    """The stored evidence for the code of the fresh one, if that gives what is held against it.

    Args:
        stored: Evidence.
        before: What the code that it stands for gave, on the machine of the fresh one.
        fresh: The replay.
        out: Folder.
        machine: Where both were run, if elsewhere.
    """
    if differs := _unlike(stored, before, fresh):
        return Replayed(stored.slug, differs, False, None)
    assert fresh.source is not None
    taken, parts = _new_controls(stored, fresh), _new_parts(stored, fresh)
    note = Replay(time.strftime("%Y-%m-%d", time.gmtime()), commit_here(), fresh.source, machine)
    rows = _rows(stored.rows, fresh.rows, "" if machine is None else f"Measured on {machine}, unlike the rows before.")
    renewed = replace(
        stored, source=fresh.source, replays=(*stored.replays, note), uncontrolled=fresh.uncontrolled, rows=rows,
        **_with_new(stored, fresh, taken, parts),
    )  # fmt: skip
    path = out / f"{stored.slug}.json"
    write_whole(path, renewed.to_json(), RunError)
    told = tuple(f"{name}: {metric} {value:.4g}" for name, values in taken.items() for metric, value in values.items())
    new = tuple(f"({r.part}) {r.metric}" for r in rows if r not in stored.rows)
    return Replayed(stored.slug, (), True, path, told, new)


def _unlike(stored: Evidence, before: Evidence, fresh: Evidence) -> tuple[str, ...]:
    """What does not come back of the values of before, and rows that are judged by something else than the stored."""
    taken, parts = _new_controls(stored, fresh), _new_parts(stored, fresh)
    again = {name: value for name, value in _without(fresh.first, taken).items() if name not in parts}
    return (*differences(before.first, again), *_asked_otherwise(stored.rows, fresh.rows, bool(parts)))


def _new_parts(stored: Evidence, fresh: Evidence) -> dict[str, Any]:
    """By part what its first seed gave, of those that are not stored."""
    controls = {control_key(control.name) for control in fresh.controls}
    return {name: value for name, value in fresh.first.items() if name not in stored.first and name not in controls}


def _rows(stored: tuple[Row, ...], fresh: tuple[Row, ...], note: str) -> tuple[Row, ...]:
    """The rows as the claim has them now, those of which values are stored as they were stored; new ones noted."""
    held = {(r.part, r.metric): r for r in stored if r.seeds}
    new = (replace(r, note=f"{r.note} {note}".strip()) if r.seeds else r for r in fresh)
    return (*(held.pop((r.part, r.metric), r) for r in new), *held.values())


def _new_controls(stored: Evidence, fresh: Evidence) -> dict[str, dict[str, float]]:
    """By control what it gave and is not stored, by the metric of the row that it stands against."""
    held = {control.name: control.values for control in stored.controls}
    new = {c.name: {m: v for m, v in c.values.items() if m not in held.get(c.name, {})} for c in fresh.controls}
    return {name: values for name, values in new.items() if values}


def _without(first: Mapping[str, Any], taken: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """What a first seed gave without what is new of controls."""
    found = dict(first)
    for name, values in taken.items():
        kept = {metric: value for metric, value in found.pop(control_key(name)).items() if metric not in values}
        found |= {control_key(name): kept} if kept else {}
    return found


def _with_new(
    stored: Evidence, fresh: Evidence, taken: Mapping[str, Mapping[str, float]], parts: Mapping[str, Any]
) -> dict[str, Any]:
    """The controls and the values of the first seed as stored, with what is new."""
    held = {control.name: control for control in stored.controls}
    controls, first = [], {**stored.first, **parts}
    for control in fresh.controls:
        kept = held.get(control.name, replace(control, values={}))
        controls.append(replace(kept, values={**kept.values, **taken.get(control.name, {})}))
        first[control_key(control.name)] = dict(controls[-1].values)
    return {"controls": tuple(controls), "first": first}


def differences(stored: Any, fresh: Any, where: str = "") -> list[str]:
    """Where two JSON values differ, numbers by more than 1e-6 of themselves."""
    if isinstance(stored, dict) and isinstance(fresh, dict):
        found = [f"{_at(where, name)} is missing" for name in stored if name not in fresh]
        found += [f"{_at(where, name)} was not there" for name in fresh if name not in stored]
        both = (name for name in stored if name in fresh)
        return found + [told for name in both for told in differences(stored[name], fresh[name], _at(where, name))]
    if isinstance(stored, list) and isinstance(fresh, list):
        if len(stored) != len(fresh):
            return [f"{where}: {len(fresh)} values in place of {len(stored)}"]
        pairs = enumerate(zip(stored, fresh, strict=True))
        return [told for k, (one, other) in pairs for told in differences(one, other, _at(where, str(k)))]
    return [] if _same(stored, fresh) else [f"{where}: {fresh!r} in place of {stored!r}"]


def _at(where: str, name: str) -> str:
    return f"{where} / {name}" if where else name


def _same(a: Any, b: Any) -> bool:
    if not (isinstance(a, int | float) and isinstance(b, int | float)):
        return bool(a == b)
    return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=_ROUNDING) or (math.isnan(a) and math.isnan(b))


def _asked_otherwise(stored: tuple[Row, ...], fresh: tuple[Row, ...], more: bool) -> list[str]:
    """Rows that are judged by something else than what was stored: values that were seen before it was set.

    Args:
        stored: Rows.
        fresh: Rows.
        more: Whether a part is new, whose rows have the values of all its seeds.
    """
    before, now = ({(r.part, r.metric): r for r in rows} for rows in (stored, fresh))
    found = [f"({part}) {metric} is judged no more" for (part, metric), r in before.items()
             if r.judged and (part, metric) not in now]  # fmt: skip
    for (part, metric), r in now.items():
        old = before.get((part, metric))
        if old is None or not old.seeds:
            if r.seeds and not (more and r.seeds > 1):
                found.append(f"({part}) {metric} is a new row")
        elif _asked(old) != _asked(r):
            found.append(f"({part}) {metric} is judged otherwise: {_asked(r)} in place of {_asked(old)}")
    return found


def _asked(r: Row) -> dict[str, Any]:
    asked = {
        "direction": r.direction, "kind": r.kind, "statistic": r.statistic, "bar": r.bar, "against": r.against,
        "ahead of": dict(r.ahead_of), "arms": sorted(r.arms),
    }  # fmt: skip
    return {name: value for name, value in asked.items() if value not in (None, {}, [])}
