"""Folders of images with a report each: `stem.png` beside `stem.txt`, as a table with the columns `image` and `report`.

FOLDER/a.png, FOLDER/a.txt, ...                      pairs
FOLDER/cxr/a.dcm, FOLDER/cxr/a.txt, ...              the same, the name of each sub-folder being the `domain`
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aitia.data.kinds import Kind
from aitia.data.reading.pictures import IMAGE, pictures_in
from aitia.data.table import Table
from aitia.errors import DataError
from aitia.guard import read_text

__all__ = ["is_paired", "read_reports"]


def is_paired(folder: Path) -> bool:
    """Whether a picture of a folder has a text of its name beside it."""
    return any(path.with_suffix(".txt").is_file() for path in pictures_in(folder))


def read_reports(folder: Path, kinds: Mapping[str, Kind | str] | None = None) -> Table:
    """The pairs, by name; the images are not decoded.

    Raises:
        DataError: If an image has no report or the reverse, one has two images, or a report is empty; names the file.
    """
    images: dict[Path, Path] = {}
    for path in pictures_in(folder):
        stem = path.with_suffix("")
        if stem in images:
            raise DataError(f"{folder}: {images[stem].name} and {path.name} share one report: keep one, or rename one")
        images[stem] = path
    texts = {path.with_suffix(""): path for path in sorted({*folder.glob("*.txt"), *folder.glob("*/*.txt")})}
    texts = {stem: path for stem, path in texts.items() if not path.name.startswith(".")}
    for has, lacks, what, other in ((images, texts, "image", "report"), (texts, images, "report", "image")):
        if alone := sorted(stem for stem in has if stem not in lacks):
            many = f" ({len(alone)} such in all)" if len(alone) > 1 else ""
            raise DataError(
                f"{folder}: the {what} {has[alone[0]].name} has no {other} of its name beside it{many}: add it, or "
                f"take the {what} away"
            )
    stems = sorted(images)
    reports = [read_text(texts[stem]).strip() for stem in stems]
    if empty := [stem for stem, report in zip(stems, reports, strict=True) if not report]:
        raise DataError(f"{folder}: the report {texts[empty[0]].name} is empty: write it, or take the pair away")
    columns: dict[str, Any] = {IMAGE: [str(images[stem]) for stem in stems], "report": reports}
    inside = [stem.parent != folder for stem in stems]
    if all(inside):
        columns["domain"] = [stem.parent.name for stem in stems]
    elif any(inside):
        odd = stems[inside.index(False)]
        raise DataError(
            f"{folder} has pairs in sub-folders, which are domains, and others such as {odd.name} in none: move them"
        )
    known = {IMAGE: Kind.PICTURE, "report": Kind.TEXT, **({"domain": Kind.LABEL} if "domain" in columns else {})}
    return Table.of(columns, kinds={**known, **(kinds or {})})
