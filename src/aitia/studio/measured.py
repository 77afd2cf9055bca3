"""Stored evidence, read once: pages of it are asked for again and again, and it changes when a claim is run anew."""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from aitia.evidence import STORED, verdict_of
from aitia.evidence.store import Evidence, stored_evidence

__all__ = ["counts_of", "evidence_of", "told_of"]


def evidence_of(slug: str) -> Evidence | None:
    """The stored evidence of a system; None where there is none."""
    return _evidence(slug, _changed(slug))


def counts_of(slug: str) -> Mapping[str, int]:
    """How many comparisons of a claim hold, are open, fail, or are not graded."""
    return _counts(slug, _changed(slug))


def told_of(slug: str) -> str:
    """The verdict on a system in a few words."""
    return _told(slug, _changed(slug))


def _changed(slug: str) -> int:
    path = STORED / f"{slug}.json"
    return path.stat().st_mtime_ns if path.is_file() else 0


@lru_cache(maxsize=256)
def _evidence(slug: str, changed: int) -> Evidence | None:
    return stored_evidence(STORED, slug)


@lru_cache(maxsize=256)
def _counts(slug: str, changed: int) -> Mapping[str, int]:
    evidence = _evidence(slug, changed)
    return Counter(str(one.verdict) for one in evidence.judged) if evidence is not None else {}


@lru_cache(maxsize=256)
def _told(slug: str, changed: int) -> str:
    return verdict_of(slug)
