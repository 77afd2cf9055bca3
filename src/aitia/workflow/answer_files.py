"""The folder of an answer: it takes the place of an earlier answer whole, and of nothing else.

answer.json names the files of the answer. What it does not name is somebody else's and is never touched.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aitia.errors import RunError
from aitia.files import made_folder, named_as, write_whole
from aitia.runs import LOCK, Lock

__all__ = ["RECORD", "answer_place", "check_place", "write_record"]

RECORD = "answer.json"
_STAGE = ".answer."


def check_place(folder: Path) -> None:
    """Refuses a folder that is neither new nor empty nor that of an answer, before any work.

    Raises:
        RunError: If so; names a file that is there.
    """
    _earlier(folder)


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Writes answer.json into a folder, with all that is there as its files."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    _write(folder, record | {"files": names})


def _write(folder: Path, record: dict[str, Any]) -> None:
    write_whole(folder / RECORD, json.dumps(record, indent=2, ensure_ascii=False) + "\n", RunError)


@contextmanager
def answer_place(folder: Path) -> Iterator[Path]:
    """A place to write an answer and its answer.json, which then stand in `folder`, whole or not at all.

    Raises:
        RunError: If the folder cannot be written, another process writes an answer there, or something that is not of
            an earlier answer is in the way; what was there is unchanged then.
    """
    _earlier(folder)
    with made_folder(folder, RunError), Lock(folder / LOCK):
        old = _earlier(folder)
        stage = None
        try:
            for left in sorted(folder.glob(f"{_STAGE}*.part")):  # of an answer that was killed
                shutil.rmtree(left, ignore_errors=True)
            stage = Path(tempfile.mkdtemp(dir=folder, prefix=_STAGE, suffix=".part"))
            with named_as(folder, stage):
                yield stage
            _moved(stage, folder, old)
        except OSError as error:
            if isinstance(error, RunError):
                raise
            raise RunError(f"{folder} cannot be written: {error.strerror or error}") from error
        finally:
            if stage is not None:
                shutil.rmtree(stage, ignore_errors=True)


def _moved(stage: Path, folder: Path, old: set[str]) -> None:
    record = json.loads((stage / RECORD).read_text(encoding="utf-8"))
    new = [*record["files"]]
    for name in new:
        if name not in old and (folder / name).exists():
            raise RunError(
                f"{folder / name} is there and is not of an earlier answer: move it away, or give another folder "
                "(--out)"
            )
    # Named before it is written, so that an answer that is killed knows its own files.
    _write(folder, record | {"files": sorted({*new, *old})})
    for name in new:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (stage / name).replace(folder / name)
    for name in sorted(old - set(new)):
        with suppress(OSError):
            (folder / name).unlink()
    (stage / RECORD).replace(folder / RECORD)


def _earlier(folder: Path) -> set[str]:
    """The files of the answer that a folder holds."""
    if not folder.is_dir():
        return set()
    try:
        names = sorted(path.name for path in folder.iterdir() if path.name != LOCK and not path.name.startswith(_STAGE))
    except OSError as error:
        raise RunError(f"the folder {folder} cannot be read: {error.strerror}") from error
    if not names:
        return set()
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files = {str(name) for name in told["files"]} if told["system"] and told["verb"] else set()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        files = set()
    if not files:
        raise RunError(
            f"{folder} holds {names[0]} but no answer of aitia, so nothing was written: give an empty or a new folder "
            "(--out)"
        )
    return {name for name in files if not Path(name).is_absolute() and ".." not in Path(name).parts}
