"""From what a user names to rows: a file, a folder, or a data set of the Hugging Face Hub.

.csv .tsv .parquet .arrow .feather .jsonl .xlsx     a table; text may be packed (.gz)
folder of pictures                                  a table with a column `image`; see `aitia.data.pictures`
folder of .txt, .md, .html files                    a table with the columns `file` and `text`
folder that `datasets` wrote, or owner/name         a table
folder of frames, .npz                              clips, where the reader takes them; see `aitia.data.clip_files`
.txt, .csv, .npz, or a folder of them               tracks or recordings, where the reader takes them
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aitia.data.base import Data
from aitia.data.guard import guarded
from aitia.data.kinds import Kind
from aitia.data.table import Table
from aitia.data.tables import TABLES, read_table, suffix_of
from aitia.errors import FormatError, OptionError, join_names

__all__ = ["read"]

_TEXTS = (".txt", ".md", ".html", ".htm")
_WANTED = {
    "table": f"a table ({', '.join(TABLES)}), or a folder of pictures or of texts",
    "clips": "clips: a folder of images whose labels have the columns id and frame, or a file of arrays",
    "tracks": "a file or folder of tracks (.txt, .csv, .npz)",
    "recordings": "recordings: a folder with one .csv or .npz file an animal, or one such file",
}


def read(
    source: str | Path,
    *,
    takes: Sequence[str] = ("table",),
    kinds: Mapping[str, Kind | str] | None = None,
    size: int | None = None,
    window: tuple[int, int] = (8, 12),
    frame_step: float | None = None,
    labels: str | Path | None = None,
    split: str = "train",
) -> Data:
    """The rows that are there, in a form that is taken.

    Args:
        source: A path, or a data set of the Hub (`owner/name`).
        takes: The forms wanted: `table`, `clips`, `tracks`, `recordings`.
        kinds: Of columns, where they are not what their values suggest.
        size: Pixels on a side to scale pictures to when they are looked at; None leaves them.
        window: Frames of the past and of the future in a scene of tracks.
        frame_step: Difference of the numbers of consecutive frames in files of tracks; None takes it from the file.
        labels: The file of labels of a folder of pictures, where it is not the only one there.
        split: Of a data set of the Hub, or in its layout.

    Raises:
        FormatError: If there is nothing of that name, or it cannot be read.
        DataError: If what is there cannot be used.
        MissingExtraError: If a package to read it is not installed.
    """
    if odd := [form for form in takes if form not in _WANTED]:
        raise OptionError(f"there is no form of rows {odd[0]!r}; there are {join_names(_WANTED)}")
    path = Path(source).expanduser()
    if not path.exists():
        if "table" in takes and str(source).count("/") == 1 and not str(source).startswith((".", "/", "~")):
            from aitia.data.hub import read_hub

            return read_hub(str(source), split=split, size=size, kinds=kinds)
        raise FormatError(f"there is no file or folder {source}")
    with guarded(path):
        if path.is_file() and "table" in takes and suffix_of(path) in TABLES and suffix_of(path) != ".txt":
            return read_table(path, kinds=kinds).sized(size)
        if "tracks" in takes:
            from aitia.data.tracks import read_tracks

            return read_tracks(path, observed=window[0], future=window[1], frame_step=frame_step)
        if "recordings" in takes:
            from aitia.data.recordings import read_recordings

            return read_recordings(path)
        if path.is_file():
            return _file(path, takes, kinds)
        return _folder(path, takes, kinds, size, Path(labels) if labels is not None else None, split)


def _file(path: Path, takes: Sequence[str], kinds: Mapping[str, Kind | str] | None) -> Data:
    if "clips" in takes and path.suffix == ".npz":
        from aitia.data.clip_files import clips_of_arrays

        return clips_of_arrays(path)
    if "table" in takes and suffix_of(path) in TABLES:
        return read_table(path, kinds=kinds)
    raise FormatError(f"{path} is a file, wanted {_wanted(takes)}")


def _folder(
    folder: Path,
    takes: Sequence[str],
    kinds: Mapping[str, Kind | str] | None,
    size: int | None,
    labels: Path | None,
    split: str,
) -> Data:
    from aitia.data.hub import is_hub_folder, read_hub
    from aitia.data.pictures import pictures_in, read_pictures

    if "clips" in takes:
        from aitia.data.clip_files import clips_of_arrays, clips_of_frames, has_arrays

        if labels is None and has_arrays(folder):
            return clips_of_arrays(folder)
    if labels is None and is_hub_folder(folder):
        table = read_hub(str(folder), split=split, size=size, kinds=kinds)
    elif labels is None and not any(folder.glob("*.csv")) and not pictures_in(folder) and (texts := _texts_in(folder)):
        table = _of_texts(folder, texts, kinds)
    elif not any(folder.iterdir()):
        raise FormatError(f"{folder} is empty, wanted {_wanted(takes)}")
    else:
        table = read_pictures(folder, labels=labels, kinds=kinds).sized(size)
    if "clips" in takes and "frame" in table and table.of_kind(Kind.PICTURE):
        return clips_of_frames(table, str(folder))
    if "table" not in takes:
        raise FormatError(f"{folder} holds single images or texts, wanted {_wanted(takes)}")
    return table


def _wanted(takes: Sequence[str]) -> str:
    return " or ".join(_WANTED[form] for form in takes)


# -- texts -----------------------------------------------------------------------------------------------------------


def _texts_in(folder: Path) -> list[Path]:
    found = [path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.suffix.lower() in _TEXTS]
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def _of_texts(folder: Path, found: Sequence[Path], kinds: Mapping[str, Kind | str] | None) -> Table:
    """A text a file, and the name of its sub-folder as its label where all are in one."""
    columns = {
        "file": [path.relative_to(folder).as_posix() for path in found],
        "text": [_text(path) for path in found],
    }
    if all(path.parent != folder for path in found):
        columns["label"] = [path.parent.name for path in found]
    return Table.of(columns, kinds={"text": Kind.TEXT, "file": Kind.TEXT, **(kinds or {})})


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is no text in UTF-8 (byte {error.start}): save it as UTF-8") from error
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from error
    return _of_html(text) if path.suffix.lower() in (".html", ".htm") else text


def _of_html(page: str) -> str:
    """The words of a page, a line for each block."""
    from html.parser import HTMLParser

    class Words(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.parts: list[str] = []
            self.hidden = 0

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.hidden += tag in ("script", "style")
            if tag in ("p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "title"):
                self.parts.append("\n")

        def handle_endtag(self, tag: str) -> None:
            self.hidden -= tag in ("script", "style") and self.hidden > 0

        def handle_data(self, data: str) -> None:
            if not self.hidden:
                self.parts.append(data)

    words = Words()
    words.feed(page)
    lines = (" ".join(line.split()) for line in "".join(words.parts).splitlines())
    return "\n".join(line for line in lines if line)
