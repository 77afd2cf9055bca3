"""From what a user names to rows: a file, a folder, or a data set of the Hugging Face Hub.

.csv .tsv .txt .jsonl .xlsx .parquet .arrow ...     a table; text may be packed (.gz)
folder of pictures                                  a table with a column `image`; see `aitia.data.reading.pictures`
folder of pictures, a .txt file of each name        a table; see `aitia.data.reading.reports`
folder of .txt, .md, .html files                    a table with the columns `file` and `text`
folder of pages with pictures, or a page            a table, where `document` is read; see `aitia.data.reading.pages`
folder of source.txt and other .txt files           a table of pairs of texts; see `aitia.data.reading.parallel`
folder of questions and answers (.json)             a table; see `aitia.data.reading.vqa`
folder that `datasets` wrote, or owner/name         a table
folder of frames, .npz                              clips, where the reader takes them; see `aitia.data.reading.clips`
folder that `aitia world --out` wrote               its rows to learn from; see `aitia.data.reading.rows`
.txt, .csv, .npz, or a folder of them               tracks, where the reader takes them
.csv, .npz, .nwb, or a folder of them               recordings, where the reader takes them
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aitia.data.base import Data
from aitia.data.kinds import Kind
from aitia.data.named import located
from aitia.data.reading.rows import FRAMES, learnt_from, read_framed, read_written, written_file
from aitia.data.spreadsheet import Reading
from aitia.data.table import Table
from aitia.data.tables import TABLES, read_table, suffix_of
from aitia.errors import FormatError, OptionError, join_names
from aitia.guard import guarded

__all__ = ["read"]

Kinds = Mapping[str, Kind | str] | None
_WANTED = {
    "table": f"a table ({', '.join(TABLES)}), or a folder of pictures or of texts",
    "clips": "clips: a folder of images whose labels have the columns id and frame, or a file of arrays",
    "tracks": "a file or folder of tracks (.txt, .csv, .npz)",
    "recordings": "recordings: a folder with one .csv, .npz or .nwb file an animal, or one such file",
}


def read(
    source: str | Path,
    *,
    takes: Sequence[str] = ("table",),
    kinds: Mapping[str, Kind | str] | None = None,
    expected: Mapping[str, Kind | str] | None = None,
    size: int | None = None,
    window: tuple[int, int] = (8, 12),
    frame_step: float | None = None,
    labels: str | Path | None = None,
    split: str = "train",
    how: Reading | Mapping[str, Any] | None = None,
) -> Data:
    """The rows that are there, in a form that is taken.

    Args:
        source: A path, or a data set of the Hub (`owner/name`).
        takes: The forms wanted: `table`, `clips`, `tracks`, `recordings`.
        kinds: Of columns that are there, where they are not what their values suggest.
        expected: The same of columns that may be there.
        size: Pixels on a side to scale pictures to when they are looked at; None leaves them.
        window: Frames of the past and of the future in a scene of tracks.
        frame_step: Difference of the numbers of consecutive frames in files of tracks; None takes it from the file.
        labels: The file of labels of a folder of pictures, where it is not the only one there.
        split: Of a data set of the Hub, or in its layout.
        how: To read a file of a table, where what stands in it does not say it.

    Raises:
        FormatError: If there is nothing of that name, or it cannot be read.
        DataError: If what is there cannot be used.
        MissingExtraError: If a package to read it is not installed.
    """
    if odd := [form for form in takes if form not in _WANTED]:
        raise OptionError(f"there is no form of rows {odd[0]!r}; there are {join_names(_WANTED)}")
    path = located(Path(source).expanduser())
    if not path.exists():
        if "table" in takes and str(source).count("/") == 1 and not str(source).startswith((".", "/", "~")):
            from aitia.data.reading.hub import read_hub

            return read_hub(str(source), split=split, size=size, kinds=kinds)
        raise FormatError(f"there is no file or folder {source}")
    how = Reading(**how) if isinstance(how, Mapping) else how
    with guarded(path):
        if path.is_file() and "table" in takes and suffix_of(path) in TABLES and suffix_of(path) != ".txt":
            return read_table(path, kinds=kinds, expected=expected, how=how).sized(size)
        if path.is_dir():
            path = learnt_from(path)
        if "tracks" in takes:
            from aitia.data.reading.tracks import read_tracks

            return read_tracks(path, observed=window[0], future=window[1], frame_step=frame_step)
        if "recordings" in takes:
            from aitia.data.reading.recordings import read_recordings

            return read_recordings(path)
        if path.is_file():
            return _file(path, takes, kinds, expected, how)
        return _folder(path, takes, kinds, expected, size, Path(labels) if labels is not None else None, split)


def _file(path: Path, takes: Sequence[str], kinds: Kinds, expected: Kinds, how: Reading | None) -> Data:
    if _wants_pages(kinds, expected):
        from aitia.data.reading.pages import SUFFIXES, read_pages

        if path.suffix.lower() in SUFFIXES:
            return read_pages(path.parent, [path], kinds)
    if "clips" in takes and path.suffix == ".npz":
        from aitia.data.reading.clips import clips_of_arrays

        return clips_of_arrays(path)
    if "table" in takes and suffix_of(path) in TABLES:
        return read_table(path, kinds=kinds, expected=expected, how=how)
    raise FormatError(f"{path} is a file, wanted {_wanted(takes)}")


def _folder(
    folder: Path,
    takes: Sequence[str],
    kinds: Kinds,
    expected: Kinds,
    size: int | None,
    labels: Path | None,
    split: str,
) -> Data:
    if labels is None and (file := written_file(folder)) is not None:
        return read_written(file, takes, kinds, expected, size)
    if "clips" in takes:
        from aitia.data.reading.clips import clips_of_arrays, clips_of_frames, has_arrays

        if labels is None and has_arrays(folder):
            return clips_of_arrays(folder)
    if not any(folder.iterdir()):
        raise FormatError(f"{folder} is empty, wanted {_wanted(takes)}")
    table = _table_of(folder, kinds, expected, size, labels, split)
    if "clips" in takes and "frame" in table and table.of_kind(Kind.PICTURE):
        return clips_of_frames(table, str(folder))
    if "table" not in takes:
        raise FormatError(f"{folder} holds single images or texts, wanted {_wanted(takes)}")
    return table


def _table_of(folder: Path, kinds: Kinds, expected: Kinds, size: int | None, labels: Path | None, split: str) -> Table:
    from aitia.data.reading.hub import is_hub_folder, read_hub
    from aitia.data.reading.parallel import is_parallel, read_parallel
    from aitia.data.reading.pictures import pictures_in, read_pictures
    from aitia.data.reading.reports import is_paired, read_reports
    from aitia.data.reading.texts import read_texts, texts_in
    from aitia.data.reading.vqa import is_vqa, read_vqa

    if labels is None:
        if _wants_pages(kinds, expected) and not any(folder.glob("*.csv")):
            from aitia.data.reading.pages import pages_in, read_pages

            if pages := pages_in(folder):
                return read_pages(folder, pages, kinds)
        if FRAMES in (expected or {}) and (framed := read_framed(folder, kinds, expected)) is not None:
            return framed
        if is_hub_folder(folder):
            return read_hub(str(folder), split=split, size=size, kinds=kinds)
        if is_vqa(folder):
            return read_vqa(folder, kinds).sized(size)
        if not any(folder.glob("*.csv")) and is_paired(folder):
            return read_reports(folder, kinds).sized(size)
        if not any(folder.glob("*.csv")) and not pictures_in(folder):
            if is_parallel(folder):
                return read_parallel(folder, kinds)
            if texts := texts_in(folder):
                return read_texts(folder, texts, kinds)
    return read_pictures(folder, labels=labels, kinds=kinds, expected=expected).sized(size)


def _wants_pages(kinds: Kinds, expected: Kinds) -> bool:
    """Whether a page is read whole, with its pictures, and not for its words alone."""
    return {"document", "image"} <= {*(kinds or {}), *(expected or {})}


def _wanted(takes: Sequence[str]) -> str:
    return " or ".join(_WANTED[form] for form in takes)
