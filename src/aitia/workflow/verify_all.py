"""Every claim, the cheapest first; stopped at any moment, the same call goes on and ends in the same ledger.

What is finished stands in a journal beside the evidence for as long as the sweep lasts, under the code, the options and
the machine that it was measured with; a claim that was under way has its own journal of seeds (`verify`). A page of all
evidence, the ledger, is written again after each claim.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from aitia.engine import Engine, Progress
from aitia.errors import FormatError, RunError
from aitia.evidence import Evidence, stored_evidence
from aitia.evidence.origin import origin_key
from aitia.files import made_folder, write_whole
from aitia.runs import Journal, Lock, content_hash
from aitia.workflow.ledger import stored_ledger
from aitia.workflow.verify import source_of, verify

__all__ = ["LEDGER", "Told", "Verified", "verify_all"]

LEDGER = "ledger.md"
"""The page of all evidence, in its folder."""
_JOURNAL, _LOCK = ".all.journal", ".all.lock"


class Told(Protocol):
    """Who is told how far each system is."""

    def progress(self, slug: str) -> Progress:
        """Something to tell the progress of one system to."""
        ...

    def kept(self, slug: str, evidence: Evidence) -> None:
        """Takes what was measured before the sweep was stopped."""
        ...

    def finished(self, slug: str, evidence: Evidence) -> None:
        """Takes what was measured."""
        ...

    def stopped(self, slug: str, error: Exception) -> None:
        """Takes why nothing was measured."""
        ...


@dataclass(frozen=True)
class Verified:
    """Of every claim.

    Args:
        evidence: Of those that were measured, the cheapest first.
        kept: The slugs of which it was there already.
        failed: Why others could not be run, by slug.
    """

    evidence: tuple[Evidence, ...]
    kept: tuple[str, ...]
    failed: Mapping[str, Exception]


def verify_all(
    minutes: Mapping[str, float],
    out: Path,
    *,
    engine: Engine,
    told: Told,
    resume: bool = False,
    seeds: int | None = None,
    first_seed: int = 0,
    quick: bool = False,
    page: Path | None = None,
) -> Verified:
    """Runs every claim and stores the evidence.

    Args:
        minutes: What each takes, by slug; the cheapest comes first.
        out: The folder of evidence.
        engine: Where the seeds run.
        told: Told how far each is.
        resume: Go on with a sweep of the same options that was stopped: what it finished is not run again.
        seeds: As in `verify`, and so are `first_seed` and `quick`.
        page: The ledger; None writes `ledger.md` into the folder.

    Raises:
        RunError: If the folder or the ledger cannot be written, or another process verifies all in it.
    """
    options: dict[str, Any] = {"seeds": seeds, "first_seed": first_seed, "quick": quick}
    found: dict[str, Evidence] = {}
    kept: list[str] = []
    failed: dict[str, Exception] = {}
    with made_folder(out, RunError), Lock(out / _LOCK):
        done = _opened(out / _JOURNAL, resume)
        try:
            for slug in sorted(minutes, key=lambda slug: (minutes[slug], slug)):
                if (evidence := _finished(slug, out, done, options)) is not None:
                    found[slug] = evidence
                    kept.append(slug)
                    pattern = f".{_stem(slug, options)}-????????.journal"  # left by a kill before it was removed
                    for left in sorted(out.glob(pattern)):
                        left.unlink(missing_ok=True)
                    told.kept(slug, evidence)
                    continue
                try:
                    through = partial(done.__setitem__, slug, _key(slug, options))
                    found[slug] = verify(
                        slug, out, engine=engine, resume=resume, progress=told.progress(slug), stored=through, **options
                    )
                except Exception as error:  # the others can still be measured
                    failed[slug] = error
                    told.stopped(slug, error)
                    continue
                told.finished(slug, found[slug])
                _write(out, page)
            _write(out, page)
        finally:
            done.close()
        if not failed:  # else the same call tries those again
            (out / _JOURNAL).unlink(missing_ok=True)
    return Verified(tuple(found.values()), tuple(kept), failed)


def _opened(place: Path, resume: bool) -> Journal:
    if not resume:
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"{place} cannot be removed: {error.strerror}") from error
    return Journal(place)


def _key(slug: str, options: Mapping[str, Any]) -> str:
    """What evidence has to be of to be the same."""
    return content_hash([source_of(slug), origin_key(), dict(options)])


def _finished(slug: str, out: Path, done: Mapping[str, Any], options: Mapping[str, Any]) -> Evidence | None:
    """The evidence that the sweep which was stopped has of a claim; None where it has to be measured."""
    if done.get(slug) != _key(slug, options):
        return None
    with suppress(FormatError, OSError, ValueError):  # damaged: measured again, which says so
        return stored_evidence(out, _stem(slug, options))
    return None


def _stem(slug: str, options: Mapping[str, Any]) -> str:
    return (
        slug
        + (f".from-{options['first_seed']}" if options["first_seed"] else "")
        + (".quick" if options["quick"] else "")
    )


def _write(out: Path, page: Path | None) -> None:
    text, _ = stored_ledger(out)
    write_whole(page or out / LEDGER, text, RunError)
