"""Anything that was saved, given back by its folder alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from aitia.data.subjects import Network, Subject
from aitia.errors import FormatError, OptionError, RunError
from aitia.runs import RECORD, Record
from aitia.saving import model_folder, read_record
from aitia.system.base import System
from aitia.system.registry import find
from aitia.version import __version__

__all__ = ["FIT", "load"]

FIT = "fit"
"""The kind of the runs that hold a system."""


def load(folder: str | Path, **subjects: Any) -> System:
    """The system that was saved in a folder, or in a run folder of `aitia run`, or in a repository on the Hub.

    Args:
        folder: Where `save_pretrained` or a run wrote it.
        subjects: Subjects of the system by name, such as `model`, where they are needed: a saved system knows their
            hashes, not their weights.

    Raises:
        FormatError: If there is no such folder, it is damaged, it is of a system that is not here, or it was saved by
            an older version.
        RunError: If a run is not finished, or a file of its model is not as it was written; or if a subject is not
            the one that the system was fitted with.
    """
    place = Path(folder)
    if (place / RECORD).is_file():
        Record.read(place).finished(FIT).check("model/")
        place = place / "model"
    place = model_folder(place if place.is_dir() else folder)
    record = read_record(place)
    if "slug" not in record:
        raise FormatError(
            f"{place} was saved by an older version of aitia ({record.get('aitia_version', 'unknown')}): fit it again"
        )
    slug, version = str(record["slug"]), record.get("aitia_version", "unknown")
    try:
        entry = find(slug)
    except OptionError as error:
        raise FormatError(f"{place} holds a {slug}, and {error}") from error
    if odd := [name for name in record.get("subjects", {}) if name not in entry.card.subjects]:
        raise FormatError(f"{place} names the subject {odd[0]!r}, and {slug} has none of that name: fit it again")
    try:
        model: System = entry.load().from_pretrained(place)
    except (FormatError, OptionError) as error:
        if version == __version__:
            raise
        told = f"{place} was saved by aitia {version}, and this is {__version__}: fit it again ({error})"
        raise FormatError(told) from error
    model = model.bind(**subjects) if subjects else model
    model.subjects = {
        name: subject if name in subjects else _unopened(name, subject) for name, subject in model.subjects.items()
    }
    return model


class _Unnamed:
    """Stands for a network of code that nobody named here: whoever would open it is told to give it."""

    def __init__(self, told: str) -> None:
        self._told = told

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # how Python asks whether something can be copied
            raise AttributeError(name)
        raise RunError(self._told)


def _unopened(name: str, subject: Subject) -> Subject:
    """A subject as a folder names it, which is not imported and called because the folder says so."""
    module, colon, inside = subject.id.partition(":")
    code = bool(colon) and all(part.isidentifier() for part in (*module.split("."), *inside.split(".")))
    if not isinstance(subject, Network) or subject.opened is not None or not code:
        return subject
    told = (
        f"this was fitted with the network {subject.id}, which is code, and no code runs because a folder names it: "
        f"give that one ({name}={subject.id!r}, --{name.replace('_', '-')} {subject.id})"
    )
    return replace(subject, opened=_Unnamed(told))
