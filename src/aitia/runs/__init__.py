"""A run is a folder: what was asked, of which data, with which versions, what came out; whole or resumable."""

from aitia.runs.hashing import content_hash
from aitia.runs.journal import Journal
from aitia.runs.lock import Lock
from aitia.runs.record import LOCK, RECORD, Record
from aitia.runs.run import Run, open_run, versions
from aitia.runs.store import QUIET, RunStore

__all__ = [
    "LOCK",
    "QUIET",
    "RECORD",
    "Journal",
    "Lock",
    "Record",
    "Run",
    "RunStore",
    "content_hash",
    "open_run",
    "versions",
]
