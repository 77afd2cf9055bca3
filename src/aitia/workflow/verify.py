"""Runs a claim and keeps what it measured."""

import importlib
import platform
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aitia.cluster import ProcessEngine, engine_told
from aitia.engine import Engine, Progress
from aitia.errors import FormatError, OptionError, RunError
from aitia.evidence import Claim, ClaimContext, Evidence, no_more_asked, stored_evidence
from aitia.evidence.origin import commit_here, machine_here, origin_key
from aitia.evidence.source import rivals_of, syntax_hash
from aitia.files import made_folder, write_whole
from aitia.runs import Journal, Lock, content_hash, versions
from aitia.system.registry import systems

__all__ = ["LONG", "claim_module", "claim_of", "evidence_folder", "measure", "source_of", "verify"]

LONG = 120.0
"""Minutes of a claim from which on `quick` takes its cheapest part alone."""


def claim_module(slug: str) -> str:
    """Where the claim of a system lives: `claim` in its folder; for what is no system, where it would.

    A system of another package has its folder there.
    """
    entry = systems().get(slug)
    package = f"aitia.systems.{slug.replace('-', '_')}" if entry is None else entry.package
    return f"{package}.claim"


def claim_of(slug: str) -> Claim:
    """The claim of a system.

    Raises:
        OptionError: If there is none.
    """
    name = claim_module(slug)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        raise OptionError(f"{slug} has no claim here yet") from None
    claim: Claim = module.CLAIM
    return claim


def source_of(slug: str) -> str:
    """The hash of the code that the claim rests on, as it is now."""
    return syntax_hash(claim_module(slug))


def verify(
    slug: str,
    out: Path,
    *,
    seeds: int | None = None,
    first_seed: int = 0,
    quick: bool = False,
    jobs: int = 1,
    engine: Engine | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    stored: Callable[[], None] | None = None,
) -> Evidence:
    """Runs the claim of a system and stores the evidence.

    The file is `out/<slug>.json`; that of a quick run or of other seeds bears that in its name, so that it takes the
    place of no full one. What older evidence in that file was judged by and the claim asks no more is kept in it.

    Args:
        slug: Of the system.
        out: The folder of evidence.
        seeds: Seeds a part; None leaves each part its own number.
        first_seed: Where the seeds begin.
        quick: The first seed only; of a claim that takes over two hours its cheapest part only.
        jobs: Processes.
        engine: Where the seeds run, in place of `jobs` processes here.
        resume: Go on with the finished seeds of a run that was stopped, of the same code on the same kind of machine.
        progress: Told how far it is.
        stored: Called once the evidence is in its place, before the finished seeds of a run that was stopped are gone.

    Raises:
        OptionError: If there is no such claim, `seeds` is below 1, `first_seed` below 0, or `quick` meets `seeds`; if
            the claim does not run the controls that it names.
        FormatError: If the evidence that would be written over is damaged, or of another system.
        RunError: If the folder cannot be written, or another process measures the same system in it.
    """
    if seeds is not None and seeds < 1:
        raise OptionError(f"seeds must be 1 or more, got {seeds}")
    if first_seed < 0:
        raise OptionError(f"the first seed must be 0 or more, got {first_seed}")
    if quick and seeds is not None:
        raise OptionError("a quick run takes the first seed alone: leave out either --quick or --seeds")
    stem = slug + (f".from-{first_seed}" if first_seed else "") + (".quick" if quick else "")
    options: dict[str, Any] = {"first_seed": first_seed, "quick": quick, "progress": progress}
    with evidence_folder(out, slug):
        before = _before(out, stem, slug)

        def kept(evidence: Evidence) -> Evidence:
            if before is not None:
                gone = no_more_asked(before.rows, before.date, before.replaced, evidence.rows)
                evidence = replace(evidence, replaced=gone)
            write_whole(out / f"{stem}.json", evidence.to_json(), RunError)
            if stored is not None:
                stored()
            return evidence

        engine = engine or ProcessEngine(jobs)
        return measure(slug, out, stem, seeds=seeds, resume=resume, engine=engine, keep=kept, **options)


@contextmanager
def evidence_folder(out: Path, slug: str) -> Iterator[None]:
    """A folder of evidence, of which this process alone measures this system.

    Raises:
        RunError: If the folder cannot be written, or another process measures the same there.
    """
    with made_folder(out, RunError), Lock(out / f".{slug}.lock"):
        yield


def _before(out: Path, stem: str, slug: str) -> Evidence | None:
    """The evidence that will be written over: what it alone was judged by is kept."""
    path = out / f"{stem}.json"
    try:
        before = stored_evidence(out, stem)
    except (FormatError, OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} would be written over and cannot be read: move it away. {error}") from None
    if before is not None and before.slug != slug:
        raise FormatError(f"{path} would be written over and is evidence of {before.slug}: move it away")
    return before


def measure(
    slug: str,
    out: Path,
    stem: str,
    *,
    seeds: int | None = None,
    once: Collection[str] = (),
    first_seed: int = 0,
    quick: bool = False,
    engine: Engine,
    resume: bool = False,
    progress: Progress | None = None,
    keep: Callable[[Evidence], Evidence] = lambda evidence: evidence,
) -> Evidence:
    """What a claim gives, as `verify` stores it; finished seeds stand in a journal in `out` until `keep` is through.

    To be called within `evidence_folder`. Of the parts in `once` the first seed alone runs.
    """
    claim, source, machine = claim_of(slug), source_of(slug), machine_here()
    # Finished seeds count only for the same code, versions and kind of machine: any change starts anew.
    place = out / f".{stem}-{content_hash([source, origin_key(machine=machine)])[:8]}.journal"
    if not resume:
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"{place} cannot be removed: {error.strerror}") from error
    resumed = place.exists()
    journal = Journal(place)
    context = ClaimContext(
        seeds=1 if quick else seeds,
        once=once,
        engine=engine,
        store=journal,
        progress=progress,
        first_seed=first_seed,
        find=lambda rival: _rival(rival, slug),
    )
    run = claim.cheapest if quick and claim.minutes > LONG and claim.cheapest is not None else claim.run
    started = time.time()
    try:
        rows = run(context)
        if run is claim.run:
            _check_controls(claim, context)
    finally:
        journal.close()
    evidence = Evidence(
        slug=slug,
        rows=tuple(rows),
        command=_command(slug, seeds, first_seed, quick),
        versions=versions(),
        hardware=f"{machine['processor']}, {platform.system()}, {engine_told(engine)}",
        seconds=round(time.time() - started, 1),
        date=time.strftime("%Y-%m-%d", time.gmtime(started)),
        resumed=resumed,
        commit=commit_here(),
        source=source,
        machine=machine,
        first_seed=first_seed,
        quick=quick,
        swap=claim.swap,
        controls=tuple(context.controls),
        uncontrolled=claim.uncontrolled,
        first=context.first,
    )
    evidence = keep(evidence)
    place.unlink(missing_ok=True)  # not before it is kept: a kill in between would lose every seed
    return evidence


def _check_controls(claim: Claim, context: ClaimContext) -> None:
    ran = (*(control.name for control in context.controls), *context.absent)
    if sorted(ran) != sorted(claim.controls):
        raise OptionError(
            f"the claim of {claim.card.slug} names the controls {list(claim.controls)} and ran {list(ran)}: "
            "name in Claim(controls=...) each that it runs by context.control"
        )


def _command(slug: str, seeds: int | None, first_seed: int, quick: bool) -> str:
    options = [f" --seeds {seeds}" if seeds else "", f" --first-seed {first_seed}" if first_seed else ""]
    return f"aitia verify {slug}{''.join(options)}{' --quick' if quick else ''}"


def _rival(slug: str, of: str) -> type[Any]:
    """The class of a system, told by its card."""
    if slug not in rivals_of(claim_module(of)):
        raise OptionError(f"the claim of {of} has to write context.rival({slug!r}) out, or its hash misses that source")
    folder = slug.replace("-", "_")
    try:
        module = importlib.import_module(f"aitia.systems.{folder}.model")
    except ModuleNotFoundError as error:
        if error.name is None or not f"aitia.systems.{folder}.model".startswith(error.name):
            raise
        raise OptionError(f"there is no system {slug!r} to be a rival") from None
    for value in vars(module).values():
        if isinstance(value, type) and getattr(vars(value).get("card"), "slug", None) == slug:
            return value
    raise OptionError(f"there is no system {slug!r} to be a rival")
