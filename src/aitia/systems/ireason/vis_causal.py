"""Vis-Causal as a table of events, without its pictures, which are shared apart from it.

    python -m aitia.systems.ireason.vis_causal Contextual_dataset.json events.jsonl

`training`, `validation` and `testing` hold videos; of two pictures in a row each annotated pair "first$$second" says
whether the first event, seen in the one, caused the second, seen in the other. Entities that a detector found in the
pictures are the objects. Each video becomes one group, whatever part it stood in: the published parts share videos and
neighbouring pictures, so that a score on them is partly one of memory.

Source:
    Zhang, Huo, Zhao, Song and Roth, Learning contextual causality from time-consecutive images, 2021; the layout is
    that which their own script reads.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aitia.data.table import Table
from aitia.data.writing import table_bytes
from aitia.errors import DataError, FormatError
from aitia.files import write_whole
from aitia.guard import guarded, read_json

__all__ = ["WARNING", "read_vis_causal"]

PARTS = ("training", "validation", "testing")
IMAGES = 5
WARNING = (
    "the published parts of Vis-Causal share videos and neighbouring pictures: rows are split anew by video, and "
    "scores are not those of the published split"
)
KINDS = {
    "clip": "label", "event": "number", "start": "number", "end": "number", "sentence": "text", "causes": "list",
    "asked": "list", "objects": "list", "video": "label",
}  # fmt: skip


def read_vis_causal(path: str | Path) -> Table:
    """A row for each event; a clip is two pictures in a row, with the first in frame 0 and the second in frame 1.

    Args:
        path: The JSON file; where `video2id.json` stands beside it, videos are those of ActivityNet.

    Raises:
        FormatError: If a part, picture or event is not as it should be; says where.
        DataError: If the same pair is annotated as cause and as none.
    """
    path = Path(path)
    told = read_json(path, dict)
    if not any(part in told for part in PARTS):
        raise FormatError(f"{path} has none of {', '.join(PARTS)}: it is no file of Vis-Causal")
    ids = path.with_name("video2id.json")
    known: Mapping[str, Any] = read_json(ids, dict) if ids.is_file() else {}
    columns: dict[str, list[Any]] = {name: [] for name in KINDS}
    for part in PARTS:
        for name, video in told.get(part, {}).items():
            group = str(known.get(part, {}).get(name, name))
            for k in range(IMAGES - 1):
                with guarded(f"{path}, {part}, {name}, image_{k}", "is not as Vis-Causal is"):
                    _add(columns, f"{part} {name} {k}", group, video[f"image_{k}"], video[f"image_{k + 1}"])
    if not columns["clip"]:
        raise FormatError(f"{path} has no annotated pair")
    return Table.of(columns, kinds=KINDS)


def _add(
    columns: dict[str, list[Any]], clip: str, group: str, first: Mapping[str, Any], second: Mapping[str, Any]
) -> None:
    """The events of two pictures, where there is a pair."""
    labels: dict[tuple[str, str], int] = {}
    for pairs in first["event"].values():
        for text, label in pairs:
            one, mark, other = str(text).partition("$$")
            if not mark or label not in (0, 1):
                raise FormatError(f'{clip}: a pair is ["FIRST$$SECOND", 0 or 1], got {str([text, label])[:60]}')
            if labels.setdefault((one.strip(), other.strip()), int(label)) != label:
                raise DataError(f"{clip}: {one!r} is annotated as the cause of {other!r} and as none of it")
    causes = list(dict.fromkeys(one for one, _ in labels))
    effects = list(dict.fromkeys(other for _, other in labels))
    for frame, (texts, seen) in enumerate(((causes, first), (effects, second))):
        things = [str(name) for name in seen.get("entity", {})]
        for k, text in enumerate(texts):
            candidates = [i + 1 for i, one in enumerate(causes) if frame and (one, text) in labels]
            line = (
                clip, k + 1 + len(causes) * frame, frame, frame, text,
                [i for i in candidates if labels[causes[i - 1], text]] if frame else None, candidates, things, group,
            )  # fmt: skip
            for name, value in zip(columns, line, strict=True):
                columns[name].append(value)


def _main(arguments: list[str]) -> None:
    """Writes the table, and says what to keep in mind."""
    if len(arguments) != 2:
        raise SystemExit("python -m aitia.systems.ireason.vis_causal Contextual_dataset.json events.jsonl")
    table = read_vis_causal(arguments[0])
    write_whole(Path(arguments[1]), table_bytes(table, ".jsonl"))
    sys.stdout.write(f"{len(table)} events of {len(set(table.labels('video')))} videos\nWARNING: {WARNING}\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
