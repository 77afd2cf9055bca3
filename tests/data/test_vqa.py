"""Folders of VQA v2 and VQA-CP are tables of questions, pictures and answers, and bad ones are refused."""

import json

import numpy as np
import pytest
from PIL import Image

from aitia.data.read import read
from aitia.errors import DataError, FormatError

ANSWERS = [["red"] * 5 + ["blue"] * 3 + ["pink"] * 2, ["yes"] * 9 + ["no"], ["no"] * 10]
PICTURES = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)


def written(folder, *, listed=False, names=("v2_train_questions.json", "v2_train_annotations.json")):
    questions = [{"question_id": 7 + k, "image_id": 40 + k, "question": f"what is {k}?"} for k in range(3)]
    annotations = [
        {
            "question_id": 7 + k,
            "answers": [{"answer": a} for a in given],
            "answer_type": "other" if k == 0 else "yes/no",
        }
        for k, given in reversed(list(enumerate(ANSWERS)))
    ]
    for name, key, rows in zip(names, ("questions", "annotations"), (questions, annotations), strict=True):
        (folder / name).write_text(json.dumps(rows if listed else {key: rows}))
    return folder


@pytest.mark.parametrize("listed", [False, True])
def test_questions_and_annotations_are_one_table(tmp_path, listed):
    table = read(written(tmp_path, listed=listed))
    assert table.names == ("question", "image_id", "answer_type", "answers")
    assert [str(table.kind(name)) for name in table.names] == ["text", "label", "label", "list"]
    assert table.texts("question") == ["what is 0?", "what is 1?", "what is 2?"]
    assert table.labels("image_id").tolist() == ["40", "41", "42"]
    assert table.labels("answer_type").tolist() == ["other", "yes/no", "yes/no"]
    assert table.lists("answers") == ANSWERS


def test_pictures_are_found_by_their_number(tmp_path):
    written(tmp_path)
    (tmp_path / "val").mkdir()
    for k, name in enumerate(("40", "COCO_val2014_000000000041", "COCO_val2014_000000000042")):
        Image.fromarray(PICTURES[k]).save(tmp_path / "val" / f"{name}.png")
    table = read(tmp_path)
    assert table.names == ("question", "image", "image_id", "answer_type", "answers")
    assert np.array_equal(table.pictures("image"), PICTURES)
    assert read(tmp_path, size=2).pictures("image").shape == (3, 2, 2, 3)
    (tmp_path / "val" / "40.png").unlink()
    with pytest.raises(DataError, match=r"1 questions are about pictures that are not in .*, first image_id 40 of que"):
        read(tmp_path)


def test_folders_of_another_kind_are_refused(tmp_path):
    written(tmp_path)
    questions, annotations = tmp_path / "v2_train_questions.json", tmp_path / "v2_train_annotations.json"
    annotations.write_text(json.dumps([{"question_id": 7, "answers": [{"answer": "red"}]}]))
    with pytest.raises(DataError, match="question 8 has no annotation, with 2 in all"):
        read(tmp_path)
    questions.write_text(json.dumps([{"question_id": 7}]))
    with pytest.raises(FormatError, match="a row lacks 'question'"):
        read(tmp_path)
    questions.write_text(json.dumps({"annotations": []}))
    with pytest.raises(FormatError, match="has no list of questions"):
        read(tmp_path)
    questions.write_text("{")
    with pytest.raises(FormatError, match=r"questions\.json is not valid JSON"):
        read(tmp_path)
    written(tmp_path, names=("v2_val_questions.json", "v2_val_annotations.json"))
    with pytest.raises(FormatError, match=r"several files of questions .*: give each split a folder of its own"):
        read(tmp_path)
