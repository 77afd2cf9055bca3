"""Files of VQA v2 and VQA-CP: the scores are the metric over all subsets of nine people, and bad files are refused."""

import json
from itertools import combinations

import numpy as np
import pytest

from aitia.data.vqa import read_vqa
from aitia.errors import DataError, FormatError

ANSWERS = [["red"] * 5 + ["blue"] * 3 + ["pink"] * 2, ["yes"] * 9 + ["no"], ["no"] * 10]


def written(folder, *, listed=False, answers=ANSWERS):
    questions = [{"question_id": 7 + k, "image_id": k, "question": f"what is {k}?"} for k in range(3)]
    annotations = [
        {
            "question_id": 7 + k,
            "answers": [{"answer": a} for a in given],
            "answer_type": "other" if k == 0 else "yes/no",
        }
        for k, given in reversed(list(enumerate(answers)))
    ]
    paths = folder / "q.json", folder / "a.json"
    for path, name, rows in zip(paths, ("questions", "annotations"), (questions, annotations), strict=True):
        path.write_text(json.dumps(rows if listed else {name: rows}))
    return paths


@pytest.mark.parametrize("listed", [False, True])
def test_scores_are_the_mean_over_all_subsets_that_leave_one_person_out(tmp_path, listed):
    words = ["blue", "no", "pink", "red", "yes"]
    found = read_vqa(*written(tmp_path, listed=listed), vocabulary=words)
    assert found.questions == ("what is 0?", "what is 1?", "what is 2?")
    assert found.images == (0, 1, 2)
    assert found.types == ("other", "yes/no", "yes/no")
    for row, given in enumerate(ANSWERS):
        for column, word in enumerate(words):
            by_hand = np.mean([min(nine.count(word) / 3, 1) for nine in combinations(given, 9)])
            assert abs(found.scores[row, column] - by_hand) < 1e-6


def test_the_vocabulary_is_the_frequent_answers(tmp_path):
    assert read_vqa(*written(tmp_path), least=1).vocabulary == ("no", "red", "yes")
    assert read_vqa(*written(tmp_path), vocabulary=["red"]).scores.tolist() == [[1.0], [0.0], [0.0]]


def test_files_of_another_kind_are_refused(tmp_path):
    questions, annotations = written(tmp_path)
    with pytest.raises(DataError, match="no answer is the most frequent one of 9 questions"):
        read_vqa(questions, annotations)
    with pytest.raises(FormatError, match="cannot be read as JSON"):
        read_vqa(tmp_path / "none.json", annotations)
    with pytest.raises(FormatError, match="has no list of questions"):
        read_vqa(annotations, annotations)
    annotations.write_text(json.dumps([{"question_id": 7, "answers": [{"answer": "red"}]}]))
    with pytest.raises(DataError, match="question 8 has no annotation, with 2 in all"):
        read_vqa(questions, annotations)
    questions.write_text(json.dumps([{"question_id": 7}]))
    with pytest.raises(FormatError, match="a row lacks 'question'"):
        read_vqa(questions, annotations)
