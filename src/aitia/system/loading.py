"""Anything that was saved, given back by its folder alone."""

from pathlib import Path
from typing import Any

from aitia.errors import FormatError
from aitia.saving import model_folder, read_record
from aitia.system.base import System
from aitia.system.registry import find

__all__ = ["load"]


def load(folder: str | Path, **subjects: Any) -> System:
    """The system that was saved in a folder, or in a run folder of `aitia run`, or in a repository on the Hub.

    Args:
        folder: Where `save_pretrained` or a run wrote it.
        subjects: Subjects of the system by name, such as `model`, where they are needed: a saved system knows their
            hashes, not their weights.

    Raises:
        FormatError: If there is no such folder, it is damaged, or it was saved by an older version.
        RunError: If a subject is not the one that the system was fitted with.
    """
    place = Path(folder)
    if (place / "run.json").is_file():
        place = place / "model"
    place = model_folder(place if place.is_dir() else folder)
    record = read_record(place)
    if "slug" not in record:
        raise FormatError(
            f"{place} was saved by an older version of aitia ({record.get('aitia_version', 'unknown')}): fit it again"
        )
    model: System = find(str(record["slug"])).load().from_pretrained(place)
    return model.bind(**subjects) if subjects else model
