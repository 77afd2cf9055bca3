"""What several people answered as scores of answers.

    score(y) = mean over i of min(number of the people but i who answered y / 3, 1)                               (1)

Source:
    Antol et al., VQA: Visual Question Answering, ICCV 2015, the metric over all subsets that leave one person out.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError

__all__ = ["LEAST", "frequent_answers", "scores_of_people"]

LEAST = 9
"""Of how many questions an answer is the most frequent one that is learnt."""


def frequent_answers(answers: Sequence[Sequence[Any]], least: int = LEAST) -> tuple[str, ...]:
    """The most frequent answer of each question where it is that of `least` questions or more, sorted.

    Raises:
        DataError: If there is none.
    """
    first = Counter(Counter(map(str, given)).most_common(1)[0][0] for given in answers if given)
    found = tuple(sorted(answer for answer, count in first.items() if count >= least))
    if not found:
        raise DataError(f"no answer is the most frequent one of {least} questions: give a vocabulary")
    return found


def scores_of_people(answers: Sequence[Sequence[Any]], vocabulary: Sequence[Any]) -> NDArray[np.float64]:
    """(1), from 0 to 1, (n, answers); a row of zeros where nobody gave an answer of the vocabulary."""
    place = {str(answer): k for k, answer in enumerate(vocabulary)}
    scores = np.zeros((len(answers), len(place)))
    for row, given in enumerate(answers):
        people = len(given)
        for answer, count in Counter(map(str, given)).items():
            if answer in place:
                by_them, by_others = count * min((count - 1) / 3, 1), (people - count) * min(count / 3, 1)
                scores[row, place[answer]] = (by_them + by_others) / people
    return scores
