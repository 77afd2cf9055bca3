"""Questions about images and what ten people answered, in the files of VQA v2 and VQA-CP.

    questions.json      {"questions": [{"question_id", "image_id", "question"}, ...]}, or the list alone (VQA-CP)
    annotations.json    {"annotations": [{"question_id", "answers": [{"answer"}, ...], "answer_type"}, ...]}, likewise

    score(y) = mean over i of min(number of the people but i who answered y / 3, 1)                               (1)

Source:
    Goyal, Khot, Summers-Stay, Batra and Parikh, Making the V in VQA matter, CVPR 2017; (1) is the metric of Antol et
    al., VQA, ICCV 2015, over all subsets that leave one person out.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, FormatError

__all__ = ["VqaRows", "read_vqa"]


@dataclass(frozen=True, eq=False)
class VqaRows:
    """Questions with the scores of answers.

    Args:
        questions: As asked, n of them.
        images: Number or name of the image of each, (n,).
        types: The type of its answer, such as `yes/no`, (n,).
        scores: (1), from 0 to 1, (n, answers); a line of zeros where nobody gave an answer of the vocabulary.
        vocabulary: The answers, one a column.
    """

    questions: tuple[str, ...]
    images: tuple[Any, ...]
    types: tuple[str, ...]
    scores: NDArray[np.float32]
    vocabulary: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.questions)


def read_vqa(
    questions: str | Path, annotations: str | Path, *, vocabulary: Sequence[str] | None = None, least: int = 9
) -> VqaRows:
    """Reads questions and their annotations, in the order of the questions.

    Args:
        questions: The file of questions.
        annotations: The file of answers.
        vocabulary: The answers to score, such as those of the training rows; None takes the most frequent answer of
            each question where it is that of `least` questions or more.
        least: See `vocabulary`.

    Raises:
        FormatError: If a file is missing, damaged or of another kind.
        DataError: If a question has no annotation, or no answer is frequent enough.
    """
    asked, told = _rows(Path(questions), "questions"), _rows(Path(annotations), "annotations")
    try:
        answers = {row["question_id"]: [str(given["answer"]) for given in row["answers"]] for row in told}
        types = {row["question_id"]: str(row.get("answer_type", row.get("question_type", ""))) for row in told}
        numbers = [row["question_id"] for row in asked]
        texts, images = tuple(str(row["question"]) for row in asked), tuple(row["image_id"] for row in asked)
    except (KeyError, TypeError) as error:
        raise FormatError(f"{questions} and {annotations} are not of VQA: a row lacks {error}") from None
    if missing := [number for number in numbers if number not in answers]:
        raise DataError(
            f"question {missing[0]} has no annotation, with {len(missing)} in all: give the file of its split"
        )
    if vocabulary is None:
        first = Counter(Counter(answers[number]).most_common(1)[0][0] for number in numbers if answers[number])
        vocabulary = sorted(answer for answer, count in first.items() if count >= least)
        if not vocabulary:
            raise DataError(
                f"no answer is the most frequent one of {least} questions: give a vocabulary or lower least"
            )
    place = {answer: k for k, answer in enumerate(vocabulary)}
    scores = np.zeros((len(numbers), len(place)), np.float32)
    for row, number in enumerate(numbers):
        people = len(answers[number])
        for answer, count in Counter(answers[number]).items():
            if answer in place:
                by_them, by_others = count * min((count - 1) / 3, 1), (people - count) * min(count / 3, 1)
                scores[row, place[answer]] = (by_them + by_others) / people
    return VqaRows(texts, images, tuple(types[number] for number in numbers), scores, tuple(place))


def _rows(path: Path, name: str) -> list[Mapping[str, Any]]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path} cannot be read as JSON: {error}") from error
    rows = read.get(name) if isinstance(read, dict) else read
    if not isinstance(rows, list) or not rows:
        raise FormatError(f"{path} has no list of {name}")
    return rows
