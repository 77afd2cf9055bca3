"""Both sentences put to a vision-language model: which of the two is true of the picture?

Asked in both orders: a row is answered where both answers are the same sentence. What names neither is kept verbatim.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.columns.picture import png
from aitia.data.subjects import Client
from aitia.engine import Progress
from aitia.errors import OptionError, RunError
from aitia.files import write_whole
from aitia.systems.vqa_causal.items import Pairs
from aitia.text import Answers, Question, answer_questions, open_client

__all__ = ["Asking", "asked"]

QUESTION = "Which sentence says what is cause and what is effect as {}?"
SEEN, BLIND = "the picture shows it", "it is more likely"
OUT_OF_FOLDER = "a client is shown pictures; to ask about the sentences alone take --blind"


@dataclass(frozen=True)
class Asking:
    """What a client says of rows.

    Args:
        margins: (n,) 1 for the sentence, -1 for the reverse, 0 where the orders disagree or nothing was named.
        answered: For each row what it said, in each order, verbatim.
        answers: All that came.
    """

    margins: NDArray[np.float64]
    answered: tuple[str, ...]
    answers: Answers


def asked(
    client: Client, pairs: Pairs, *, blind: bool, tokens: int, log: str = "", seed: int = 0,
    progress: Progress | None = None,
) -> Asking:  # fmt: skip
    """Asks a client about rows, equal questions once.

    Raises:
        OptionError: If a row that is asked about has no picture.
        RunError: If the client takes no questions, or answers none.
    """
    if not blind and (gone := np.flatnonzero(~pairs.seen)).size:
        raise OptionError(f"row {gone[0]} has no picture ({gone.size} rows): {OUT_OF_FOLDER}")
    keep = np.flatnonzero(~pairs.same)
    options: dict[str, Any] = {"tokens": tokens} if client.opened is None else {}
    with tempfile.TemporaryDirectory() as place, open_client(client, **options) as opened:
        questions = [_question(pairs, int(row), Path(place), blind) for row in keep]
        if not questions:
            empty = Answers((), ())
            return Asking(np.zeros(len(pairs)), ("",) * len(pairs), empty)
        answers = answer_questions(opened, questions, log=log or None, seed=seed, progress=progress)
    if all(one.failed for several in answers.asked for one in several):
        first = next((one.answer.fault for several in answers.asked for one in several), answers.stopped)
        raise RunError(f"none of {len(questions)} rows got an answer: {first}")
    margins, said = np.zeros(len(pairs)), [""] * len(pairs)
    for row, several in zip(keep, answers.asked, strict=True):
        choices = [one.choice for one in several]
        if choices and choices[0] is not None and choices == [choices[0]] * len(choices):
            margins[row] = 1.0 - 2.0 * choices[0]
        said[row] = " | ".join(one.answer.text or one.answer.fault for one in several)
    return Asking(margins, tuple(said), answers)


def _question(pairs: Pairs, row: int, folder: Path, blind: bool) -> Question:
    shown: Sequence[str] = ()
    picture = pairs.pictures[row]
    if not blind and picture is not None:
        data = png(picture)
        path = folder / f"{hashlib.sha256(data).hexdigest()[:20]}.png"
        if not path.exists():
            write_whole(path, data)
        shown = (str(path),)
    options = (pairs.sentences[row].strip(), pairs.reverses[row].strip())
    label = None if pairs.right[row] < 0 else options[pairs.right[row]]
    return Question("", QUESTION.format(BLIND if blind else SEEN), options, label, id=str(row), pictures=tuple(shown))
