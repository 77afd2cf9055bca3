"""Sets of two or three pictures of handwritten digits with a question of arithmetic, and something of the same meaning.

    first, second, third even on zero to nine;   count even on two and three                                       (1)
    answer = sum mod 10, maximum, minimum, or how many are even, of the digits that the set has                     (2)
    seen = a sentence with the word of the answer, or another picture of that digit                                 (3)

Which picture of a digit stands at a place, by how much it is moved, and which sentence is said is wording, a number of
its own for each place; the `train` part of the pictures is moved by up to a pixel, the `test` part is held back and
stays as it is. do(first=seven) puts the seven that this place draws into the set and answers anew; the other pictures
stay as they are.

Source:
    The task is ours, after Lan et al., UME-R1, ICLR 2026, for reasoning before an embedding.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.digits import DIGITS, digit_tokenizer, digits, pictures, shifted
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import WORDING, TextWorld, Wording, code_of

__all__ = ["DigitSetsWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]
Pixels = NDArray[np.uint8]

PLACES = ("first", "second", "third")
COUNTS = ("two", "three")
QUESTIONS = ("sum", "maximum", "minimum", "even")
ASKED = ("give the sum", "give the maximum", "give the minimum", "count the even")
SEEN = ("words", "picture")
"""What has the meaning of the answer."""
PARTS = ("train", "test")
SENTENCES = (
    "here you see {}", "the answer is {}", "{} is meant", "we wrote {} down", "look for {}", "somebody said {}",
    "it must be {}", "{} and nothing else",
)  # fmt: skip
SAYS = ("it says {}", "it shows {}")


class DigitSetsWorld(TextWorld):
    """Sets of digits and questions about them; see the module.

    `render` gives each set as a text of image tokens and words, `rows` as pictures with texts beside them.

    Args:
        most: Pictures of a set at most, 2 or 3; a world of 2 draws no count.

    Raises:
        OptionError: If most is neither.

    Example:
        >>> world = DigitSetsWorld(most=2)
        >>> rows = world.rows(world.sample(2, seed=0))
        >>> rows.texts("instruction")[0], rows.texts("reasoning")[0], rows.texts("positive_reasoning")[0]
        ('give the minimum', 'first three second seven minimum three', 'it shows three')
    """

    name: ClassVar[str] = "digit_sets"
    environments = PARTS
    changes: Mapping[str, tuple[str, ...]] = {"test": ("part",)}

    def __init__(self, most: int = 3) -> None:
        if most not in (2, 3):
            raise OptionError(f"a set has 2 or 3 pictures at most, got {most}")
        self.most = most
        self.places = PLACES[:most]

    @cached_property
    def graph(self) -> Graph:
        """The answer follows from all digits, from how many there are, and from what is asked."""
        parents = (*self.places, "question", *(("count",) if self.most == 3 else ()))
        return Graph("; ".join([*(f"{name} -> answer" for name in parents), "seen", "part", "wording"]))

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """The digits, how many there are, what is asked, the answer, how it is seen, and the part of the pictures."""
        held: dict[str, tuple[str, ...]] = dict.fromkeys(self.places, DIGITS)
        held |= {"count": COUNTS} if self.most == 3 else {}
        held |= {"question": QUESTIONS, "answer": DIGITS, "seen": SEEN, "part": PARTS}
        return tuple(
            Latent(name, 0.0, len(labels) - 1.0, kind="categorical", labels=labels, visible=name != "part")
            for name, labels in held.items()
        )

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1) to (3)."""
        if name == "part":
            return env.astype(np.float64)
        if name != "answer":
            count = len(self.latent(name).labels)
            return code_of(noise, np.full(count, 1 / count))
        shown = np.stack([parents[place] for place in self.places], axis=1)
        there = np.ones(shown.shape, dtype=bool)
        if "count" in parents:
            there[:, 2] = parents["count"] == 1
        answers = np.stack(
            [
                np.where(there, shown, 0).sum(axis=1) % 10,
                np.where(there, shown, -1).max(axis=1),
                np.where(there, shown, 10).min(axis=1),
                (there & (shown % 2 == 0)).sum(axis=1),
            ]
        )
        found: Values = answers[parents["question"].astype(np.int64), np.arange(len(noise))].astype(np.float64)
        return found

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """The set as image tokens, and the question."""
        codes = {name: np.asarray(values, dtype=np.int64) for name, values in concepts.items()}
        told, sizes = [""] * len(codes["question"]), self._sizes(codes)
        for k, place in enumerate(self.places):
            for row, ids in enumerate(digit_tokenizer().encode(self._pictures(codes, wording, place, place))):
                if k < sizes[row]:
                    told[row] += "".join(f"<image:{code}> " for code in ids)
        return [text + ASKED[question] for text, question in zip(told, codes["question"], strict=True)]

    def rows(self, sample: Sample, size: int = 64) -> Table:
        """What a user has: pictures of 8 by 8 pixels, what is asked, what belongs to it, and the reasoning of both.

        Columns `first`, `second`, `third` and `positive_picture` hold pictures, `instruction` and `positive` texts;
        `task` is what is asked and how the answer is seen, `meaning` the answer.

        Args:
            sample: Rows of this world.
            size: Not used: the pictures have the size that they have.
        """
        concepts = {latent.name: sample[latent.name].astype(np.int64) for latent in self.concepts}
        wording, sizes = Wording(sample[WORDING]), self._sizes(concepts)
        columns: dict[str, Any] = {}
        for k, place in enumerate(self.places):
            columns[place] = _only(self._pictures(concepts, wording, place, place), sizes > k)
        said, answer = wording.pick("sentence", SENTENCES), concepts["answer"]
        picture = concepts["seen"] == 1
        columns["instruction"] = [ASKED[question] for question in concepts["question"]]
        columns["positive"] = [
            None if shown else SENTENCES[which].format(DIGITS[a])
            for shown, which, a in zip(picture, said, answer, strict=True)
        ]
        columns["positive_picture"] = _only(self._pictures(concepts, wording, "answer", "seen"), picture)
        columns["reasoning"] = self._reasoning(concepts, sizes)
        columns["answer"] = [DIGITS[a] for a in answer]
        columns["positive_reasoning"] = [
            SAYS[int(shown)].format(DIGITS[a]) for shown, a in zip(picture, answer, strict=True)
        ]
        columns["positive_answer"] = columns["meaning"] = columns["answer"]
        columns["task"] = [
            f"{QUESTIONS[q]} in {SEEN[s]}" for q, s in zip(concepts["question"], concepts["seen"], strict=True)
        ]
        shown = dict.fromkeys((*self.places, "positive_picture"), "picture")
        told = dict.fromkeys(
            ("instruction", "positive", "reasoning", "answer", "positive_reasoning", "positive_answer"), "text"
        )
        return Table.of(columns, kinds={**shown, **told, "meaning": "label", "task": "label"})

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a text, a sentence or a reasoning may hold, and the image tokens; sorted."""
        said = " ".join((*ASKED, *SENTENCES, *SAYS)).split()
        words = ({*said} - {"{}"}) | {*DIGITS, *QUESTIONS, *self.places}
        return tuple(sorted(words | {f"<image:{code}>" for code in range(digit_tokenizer().codes)}))

    def _sizes(self, concepts: Mapping[str, Codes]) -> Codes:
        """(n,) how many pictures each set has."""
        return concepts["count"] + 2 if "count" in concepts else np.full(len(concepts["question"]), 2)

    def _reasoning(self, concepts: Mapping[str, Codes], sizes: Codes) -> list[str]:
        found = []
        for row, size in enumerate(sizes):
            seen = " ".join(f"{place} {DIGITS[concepts[place][row]]}" for place in self.places[:size])
            found.append(f"{seen} {QUESTIONS[concepts['question'][row]]} {DIGITS[concepts['answer'][row]]}")
        return found

    def _pictures(self, concepts: Mapping[str, Codes], wording: Wording, digit: str, place: str) -> Pixels:
        """(n, 8, 8, 3) the picture of the digit of each row that this place draws."""
        n = len(concepts[digit])
        share = wording.number(f"{place} picture")
        down, right = (wording.pick(f"{place} {way}", 3) - 1 for way in ("down", "right"))
        ink = np.zeros((n, 8, 8), dtype=np.uint8)
        for number, part in enumerate(PARTS):
            held = digits(part)
            for code in range(len(DIGITS)):
                rows = np.flatnonzero((concepts["part"] == number) & (concepts[digit] == code))
                own = np.flatnonzero(held.digit == code)
                ink[rows] = held.images[own[(share[rows] * len(own)).astype(np.int64)]]
        still = concepts["part"] == 1
        return pictures(shifted(ink, np.where(still, 0, down), np.where(still, 0, right)))


def _only(shown: Pixels, there: NDArray[np.bool_]) -> list[Pixels | None]:
    return [picture if kept else None for picture, kept in zip(shown, there, strict=True)]
