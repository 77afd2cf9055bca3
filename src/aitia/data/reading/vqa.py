"""Folders of questions about pictures and what people answered, in the files of VQA v2 and VQA-CP.

    *questions*.json      {"questions": [{"question_id", "image_id", "question"}, ...]}, or the list alone (VQA-CP)
    *annotations*.json    {"annotations": [{"question_id", "answers": [{"answer"}, ...], "answer_type"}, ...]}, or so
    pictures              where there are some, in the folder or one below: `7.png`, `COCO_val2014_000000000007.jpg`

The table has the columns `question`, `image` where there are pictures, `image_id`, `answer_type` and `answers`, the
list of what people said.

Source:
    Goyal, Khot, Summers-Stay, Batra and Parikh, Making the V in VQA matter, CVPR 2017.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aitia.data.kinds import Kind
from aitia.data.reading.pictures import pictures_in
from aitia.data.table import Table
from aitia.errors import DataError, FormatError, join_names
from aitia.guard import read_json

__all__ = ["is_vqa", "read_vqa"]


def is_vqa(folder: Path) -> bool:
    """Whether a folder holds files of questions and of annotations."""
    return any(folder.glob("*questions*.json")) and any(folder.glob("*annotations*.json"))


def read_vqa(folder: Path, kinds: Mapping[str, Kind | str] | None = None) -> Table:
    """The questions in their order, with the annotation of each.

    Raises:
        FormatError: If there are several splits, or a file is damaged or of another kind.
        DataError: If a question has no annotation, or its picture is not there while others are.
    """
    questions, annotations = (_one(folder, name) for name in ("questions", "annotations"))
    asked, told = _rows(questions, "questions"), _rows(annotations, "annotations")
    try:
        answers = {row["question_id"]: [str(given["answer"]) for given in row["answers"]] for row in told}
        types = {row["question_id"]: str(row.get("answer_type", row.get("question_type", ""))) for row in told}
        numbers = [row["question_id"] for row in asked]
        texts, images = [str(row["question"]) for row in asked], [str(row["image_id"]) for row in asked]
    except (KeyError, TypeError) as error:
        raise FormatError(f"{questions} and {annotations} are not of VQA: a row lacks {error}") from None
    if missing := [number for number in numbers if number not in answers]:
        raise DataError(
            f"question {missing[0]} has no annotation, with {len(missing)} in all: give the file of its split"
        )
    columns: dict[str, Any] = {
        "question": texts,
        **_pictures(folder, images, numbers),
        "image_id": images,
        "answer_type": [types[number] for number in numbers],
        "answers": [answers[number] for number in numbers],
    }
    known = {
        "question": Kind.TEXT,
        "image": Kind.PICTURE,
        "image_id": Kind.LABEL,
        "answer_type": Kind.LABEL,
        "answers": Kind.LIST,
    }
    return Table.of(columns, kinds={**{name: known[name] for name in columns}, **(kinds or {})})


def _one(folder: Path, name: str) -> Path:
    found = sorted(folder.glob(f"*{name}*.json"))
    if len(found) > 1:
        raise FormatError(
            f"{folder} has several files of {name} ({join_names(path.name for path in found)}): give each split a "
            "folder of its own"
        )
    return found[0]


def _pictures(folder: Path, images: list[str], questions: list[Any]) -> dict[str, list[str]]:
    """The file of each picture, by its name or by the number that its name ends with; nothing where there is none."""
    files = {name: str(path) for path in pictures_in(folder) for name in _names(path.stem)}
    if not files:
        return {}
    away = [row for row, image in enumerate(images) if image not in files]
    if away:
        raise DataError(
            f"{len(away)} questions are about pictures that are not in {folder}, first image_id {images[away[0]]} of "
            f"question {questions[away[0]]}: add them, or take all pictures away"
        )
    return {"image": [files[image] for image in images]}


def _names(stem: str) -> tuple[str, ...]:
    number = re.search(r"\d+$", stem)
    return (stem,) if number is None else (stem, str(int(number.group())))


def _rows(path: Path, name: str) -> list[Mapping[str, Any]]:
    read = read_json(path)
    rows = read.get(name) if isinstance(read, dict) else read
    if not isinstance(rows, list) or not rows:
        raise FormatError(f"{path} has no list of {name}")
    return rows
