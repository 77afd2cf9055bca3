"""Runs a claim and keeps what it measured."""

import importlib
import platform
import time
from pathlib import Path

from aitia.engine import LocalEngine, Progress
from aitia.errors import OptionError, RunError
from aitia.evidence.claim import Claim, ClaimContext, Evidence
from aitia.files import write_whole
from aitia.runs import Journal, content_hash, versions

__all__ = ["claim_of", "stored_evidence", "verify"]


def claim_of(slug: str) -> Claim:
    """The claim in `aitia/systems/<slug>/claim.py`, hyphens as underscores.

    Raises:
        OptionError: If there is none.
    """
    name = f"aitia.systems.{slug.replace('-', '_')}.claim"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in (name, name.rpartition(".")[0]):
            raise
        raise OptionError(f"{slug} has no claim here yet") from None
    claim: Claim = module.CLAIM
    return claim


def stored_evidence(folder: Path, slug: str) -> Evidence | None:
    """The evidence stored in a folder; None where there is none.

    Raises:
        FormatError: If the file is damaged.
    """
    path = folder / f"{slug}.json"
    return Evidence.from_json(path.read_text()) if path.is_file() else None


def verify(
    slug: str,
    out: Path,
    *,
    seeds: int | None = None,
    jobs: int = 1,
    resume: bool = False,
    progress: Progress | None = None,
) -> Evidence:
    """Runs the claim of a system and stores the evidence as `out/<slug>.json`.

    Args:
        slug: Of the system.
        out: The folder of evidence.
        seeds: Seeds a part; None leaves each part its own number.
        jobs: Processes.
        resume: Go on with the finished seeds of a run that was stopped.
        progress: Told how far it is.

    Raises:
        OptionError: If there is no such claim, or `seeds` is below 1.
        RunError: If the folder cannot be written.
    """
    if seeds is not None and seeds < 1:
        raise OptionError(f"seeds must be 1 or more, got {seeds}")
    claim = claim_of(slug)
    out.mkdir(parents=True, exist_ok=True)
    # Finished seeds count only for the same code: a change of any version starts anew.
    place = out / f".{slug}-{content_hash(versions())[:8]}.journal"
    if not resume:
        place.unlink(missing_ok=True)
    resumed = place.exists()
    journal = Journal(place)
    started = time.time()
    try:
        rows = claim.run(ClaimContext(seeds=seeds, engine=LocalEngine(jobs), store=journal, progress=progress))
    finally:
        journal.close()
    evidence = Evidence(
        slug=slug,
        rows=tuple(rows),
        command=f"aitia verify {slug}" + (f" --seeds {seeds}" if seeds else ""),
        versions=versions(),
        hardware=f"{platform.machine()}, {platform.system()}, {jobs} processes",
        seconds=round(time.time() - started, 1),
        date=time.strftime("%Y-%m-%d", time.gmtime(started)),
        resumed=resumed,
    )
    write_whole(out / f"{slug}.json", evidence.to_json(), RunError)
    place.unlink(missing_ok=True)
    return evidence
