"""A vision-language model asked: pictures one after the other, or one sheet with letters; each candidate once under
each letter, so that who prefers a letter, or a place, gains nothing.

A row is answered where one candidate is named in more than half of the orders. What names none is kept verbatim and
counts as wrong. In the setting `words` captions stand in the place of pictures, and any language model will do.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aitia.data.subjects import Client
from aitia.errors import DataError, RunError
from aitia.files import write_whole
from aitia.systems.mucr.answered import SLOTS, Answered, slots_of
from aitia.systems.mucr.config import ASKED, MucrConfig
from aitia.systems.mucr.items import Items
from aitia.systems.mucr.pictures import sent, sheet_of
from aitia.text import LETTERS, Answers, Prompt, Question, answer_questions, open_client, orders
from aitia.text import Client as Opened

__all__ = ["asked", "questions_in_words"]

MATCH = {
    "effect": ("shows a cause", "shows its effect"),
    "cause": ("shows an effect", "shows its cause"),
}
WORDS = {
    "effect": "Which of these is its effect?",
    "cause": "Which of these is its cause?",
    "cue": "Which of these explains the change from the first to the second?",
}
CUE = "Two pictures are shown. Which of these links the first to the second?"
REASON = "Two pictures are shown, the second of which follows from the first. Say in one sentence why."
SLOT = {
    "what moved": "Two pictures show the effects before and after one cause was changed. Which cause was it?",
    "which way": "Two pictures show the effects before and after one cause was changed. Which way did the cause go?",
    "what followed": "Two pictures show the effects before and after a change. Which effect has changed most?",
    "its way": "Two pictures show the effects before and after a change. Which way did the one go that changed most?",
}
NAMES = {"effect": "cause", "cause": "effect"}


@dataclass(frozen=True)
class _One:
    """A question of a row, its options in an order."""

    row: int
    order: tuple[int, ...]
    question: Question
    slot: str = ""


def asked(
    client: Client, items: Items, config: MucrConfig, sentences: Sequence[str], *, seed: int = 0
) -> Answered:  # fmt: skip
    """Asks a client about rows.

    Args:
        client: It.
        items: Rows.
        config: Setting, layout, tokens and log.
        sentences: Those of the fit, whose slots are what sentences are told in; without any, prose is asked for.
        seed: Of sampling.

    Raises:
        RunError: If the client takes no questions, or answers none.
        DataError: If a row lacks its captions in the setting `words`.
    """
    options: dict[str, Any] = {"tokens": config.tokens} if client.opened is None else {}
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        opened = stack.enter_context(open_client(client, **options))
        asking = _Asking(opened, items, config, place, sentences, seed)
        return asking.answered()


class _Asking:
    def __init__(
        self, client: Opened, items: Items, config: MucrConfig, place: Path, sentences: Sequence[str], seed: int
    ) -> None:
        self.client, self.items, self.config, self.place, self.seed = client, items, config, place, seed
        self.words = config.setting == "words"
        self.slots = {
            slot: tuple(sorted({slots_of(text)[k] for text in sentences})) for k, slot in enumerate(SLOTS)
        } if sentences else {}  # fmt: skip

    def answered(self) -> Answered:
        layout: str = self.config.layout
        notes: list[str] = []
        if layout == "auto" and not self.words:
            layout, why = self._allowed()
            notes.append(f"pictures were shown {'one after the other' if layout == 'several' else 'on a sheet'}{why}")
        plan = self._plan(layout)
        answers = self._asked(plan) if plan else Answers((), ())
        prose = self._prose()
        return self._read(plan, answers, prose, (*notes, *answers.notes))

    def _asked(self, plan: Sequence[_One]) -> Answers:
        questions = [one.question for one in plan]
        answers = answer_questions(
            self.client, questions, log=self.config.log or None, both_orders=False, seed=self.seed
        )
        if all(one.failed for several in answers.asked for one in several):
            first = next((one.answer.fault for several in answers.asked for one in several), answers.stopped)
            raise RunError(f"none of {len(questions)} questions got an answer: {first}")
        return answers

    def _allowed(self) -> tuple[str, str]:
        """Several pictures in a message, where the first question with some is answered so; else a sheet, and why."""
        plan = self._plan("several", first=True)
        if not plan:
            return "several", ""
        answers = answer_questions(self.client, [plan[0].question], both_orders=False, seed=self.seed)
        fault = answers.asked[0][0].answer.fault if answers.asked[0] else ""
        return ("sheet", f", since several were refused: {fault}") if fault else ("several", "")

    # -- questions -----------------------------------------------------------------------------------------------------

    def _plan(self, layout: str, first: bool = False) -> list[_One]:
        found: list[_One] = []
        for row, kind in enumerate(self.items.asked):
            if first and found:
                break
            if kind == "reason":
                found += self._slotted(row, layout)
            elif self.words:
                found += self._worded(row)
            elif kind == "cue":
                found += self._cued(row, layout)
            else:
                found += self._matched(row, layout)
        return found

    def _matched(self, row: int, layout: str) -> list[_One]:
        items, kind = self.items, self.items.asked[row]
        shown, candidates = items.shown[row], items.candidates[row]
        if shown is None or not candidates:
            raise DataError(f"row {row} has no pictures to show: take the setting words, or name their columns")
        is_, which = MATCH[kind]
        options = tuple(f"picture {LETTERS[k]}" for k in range(len(candidates)))
        found = []
        for order in orders(len(candidates), "rotations"):
            cells = [candidates[k] for k in order]
            if layout == "sheet":
                pictures: tuple[str, ...] = (self._file(sheet_of([(NAMES[kind], shown)], cells)),)
                text = f"The picture on the left {is_}. Which of the lettered pictures {which}?"
            else:
                pictures = tuple(self._file(sent(cell)) for cell in (shown, *cells))
                text = f"The first picture {is_}. The others are {', '.join(options)}, in this order. Which {which}?"
            found.append(self._one(row, order, "", text, options, pictures))
        return found

    def _both(self, row: int, layout: str) -> tuple[str, ...]:
        """The files that show a change."""
        first, second = self.items.shown[row], self.items.second[row]
        if first is None or second is None:
            raise DataError(f"row {row} has not both pictures of a change")
        if layout == "sheet":
            return (self._file(sheet_of([("first", first), ("second", second)], [])),)
        return tuple(self._file(sent(cell)) for cell in (first, second))

    def _cued(self, row: int, layout: str) -> list[_One]:
        pictures, cues = self._both(row, layout), self.items.cues[row]
        return [
            self._one(row, order, "", CUE, [cues[k] for k in order], pictures)
            for order in orders(len(cues), "rotations")
        ]

    def _slotted(self, row: int, layout: str) -> list[_One]:
        if not self.slots:
            return []
        pictures: tuple[str, ...] = () if self.words else self._both(row, layout)
        before = _change(self.items.said[row], row) if self.words else ""
        return [
            self._one(row, order, before, SLOT[slot], [options[k] for k in order], pictures, slot)
            for slot, options in self.slots.items() if len(options) > 1
            for order in orders(len(options), "rotations")
        ]  # fmt: skip

    def _worded(self, row: int) -> list[_One]:
        question = _in_words(self.items, row)
        if question is None:
            return []
        return [
            self._one(row, order, question.premise, question.question, question.ordered(order), ())
            for order in orders(len(question.options), "rotations")
        ]

    def _one(
        self, row: int, order: tuple[int, ...], before: str, text: str, options: Sequence[str],
        pictures: tuple[str, ...], slot: str = "",
    ) -> _One:  # fmt: skip
        return _One(row, order, Question(before, text, tuple(options), pictures=pictures), slot)

    def _file(self, data: bytes) -> str:
        path = self.place / f"{hashlib.sha256(data).hexdigest()[:20]}.png"
        if not path.exists():
            write_whole(path, data)
        return str(path)

    def _prose(self) -> dict[int, str]:
        """Sentences in words of its own, by row, where the rows of the fit have no slots."""
        rows = [k for k, kind in enumerate(self.items.asked) if kind == "reason"]
        if self.slots or not rows:
            return {}
        layout = "several" if self.config.layout == "auto" else self.config.layout
        prompts = [
            Prompt(f"{_change(self.items.said[row], row)}\n\n{REASON}") if self.words
            else Prompt(REASON, self._both(row, layout)) for row in rows
        ]  # fmt: skip
        return dict(zip(rows, (one.text for one in self.client.complete(prompts, self.seed)), strict=True))

    # -- answers -------------------------------------------------------------------------------------------------------

    def _read(self, plan: Sequence[_One], answers: Answers, prose: dict[int, str], notes: tuple[str, ...]) -> Answered:
        items, n = self.items, len(self.items)
        votes: list[list[tuple[str, int | None, str]]] = [[] for _ in range(n)]
        letters: Counter[str] = Counter()
        for one, several in zip(plan, answers.asked, strict=True):
            got = several[0] if several else None
            place = None if got is None else got.choice
            if place is not None:
                letters[LETTERS[place].lower()] += 1
            told = "" if got is None else got.answer.text or got.answer.fault
            votes[one.row].append((one.slot, None if place is None else one.order[place], told))
        scores, shares, reasons = [], np.full(n, np.nan), [""] * n
        for row, given in enumerate(votes):
            places = [place for slot, place, _ in given if not slot]
            count = items.count(row) if places else 0
            many = [k for k in range(count) if 2 * places.count(k) > len(places)]
            scores.append(np.array([float(k in many) for k in range(count)]) if many else np.zeros(0))
            if items.right[row] >= 0 and places:
                shares[row] = np.mean([place == items.right[row] for place in places])
            if items.asked[row] == "reason":
                reasons[row] = prose.get(row) or self._sentence(given)
        said = [" | ".join(told for _, _, told in given) or prose.get(row, "") for row, given in enumerate(votes)]
        silent = sum(place is None for given in votes for _, place, _ in given)
        if silent:
            notes = (*notes, f"{silent} of {len(plan)} answers name no option: they count as wrong")
        return Answered(tuple(scores), tuple(reasons), tuple(said), shares, dict(letters), notes)

    def _sentence(self, given: Sequence[tuple[str, int | None, str]]) -> str:
        """Of the slots that were chosen most, `unsaid` where none was in more than half of the orders."""
        parts = []
        for slot in SLOTS:
            options = self.slots.get(slot, ())
            places = [place for own, place, _ in given if own == slot]
            counts = Counter(place for place in places if place is not None)
            best = [k for k, times in counts.items() if 2 * times > len(places)]
            parts.append(options[0] if len(options) == 1 else options[best[0]] if best else "unsaid")
        return f"{parts[0]} {parts[1]}, so {parts[2]} {parts[3]}"


def questions_in_words(items: Items) -> list[Question | None]:
    """The rows in words; None of those that ask for a sentence, or whose options do not differ in words."""
    return [_in_words(items, row) for row in range(len(items))]


def _in_words(items: Items, row: int) -> Question | None:
    kind, said = items.asked[row], items.said[row]
    if kind == "reason":
        return None
    if kind in ASKED[:2]:
        if len(said) < 3 or not all(said):
            raise DataError(f"row {row} has no caption of each picture, which the setting words wants")
        before, options = f"A picture {MATCH[kind][0]}: {said[0]}.", said[1:]
    else:
        before, options = _change(said, row), items.cues[row]
    if len(set(options)) < len(options):
        return None
    label = options[int(items.right[row])] if items.right[row] >= 0 else None
    return Question(
        before, WORDS[kind], tuple(options), label, id=f"row {row}", group=items.distractors[row],
        derived="of two pictures of one row", world="siamese" if items.distractors[row] else "",
    )  # fmt: skip


def _change(said: Sequence[str], row: int) -> str:
    if len(said) != 2 or not all(said):
        raise DataError(f"row {row} has no captions of its two pictures, which the setting words wants")
    return f"The first picture: {said[0]}. The second picture: {said[1]}."
