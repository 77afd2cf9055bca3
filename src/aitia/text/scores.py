"""How well questions were answered, beside what answers without reasoning reach.

A question that is asked in several orders counts as the share of orders in which it was right; what names no option,
was cut, refused or got no answer counts as wrong, and is counted apart.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.stats.shares import wilson_interval
from aitia.text.asking import TIE, Answers, Asked
from aitia.text.choices import LETTERS
from aitia.text.questions import Question

__all__ = ["Share", "TextScores", "f1_of", "scores", "trivial_answers"]

DRAWS = 2_000
"""Of the bootstrap over groups."""


@dataclass(frozen=True)
class Share:
    """A share with its interval of 95 %.

    Args:
        value: Between 0 and 1; nan where there is nothing to count.
        low: Of the interval.
        high: Of it.
        n: Questions that it is of.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return "-" if not self.n else f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n {self.n})"


@dataclass(frozen=True)
class TextScores:
    """Of a client over questions.

    Args:
        questions: In all.
        answered: That were asked in every order.
        labelled: Of those, with a label: on them accuracies are counted.
        accuracy: Mean over questions of the share of orders in which it was right; Wilson's interval.
        grouped: The same with an interval by a bootstrap over groups; None where no two questions share one.
        consistency: Share of the questions asked in several orders of which all chose one option.
        consistent_accuracy: Among those.
        chosen: For each letter how often it was chosen, over all orders.
        right: For each letter how often the right option stood there.
        unparsed: Answers that name no option, kept verbatim; those refused and cut are among them.
        refused: Of those.
        cut: Of those.
        failed: Times that no answer came.
        trivial: What answers without reasoning reach, by name, as `accuracy` is counted.
        f1: Of the class that was named.
        f1_interval: By a bootstrap over groups, or over questions where there are none.
        f1_trivial: The same of each trivial answer.
    """

    questions: int
    answered: int
    labelled: int
    accuracy: Share
    grouped: Share | None
    consistency: Share
    consistent_accuracy: Share
    chosen: Mapping[str, int]
    right: Mapping[str, int]
    unparsed: int
    refused: int
    cut: int
    failed: int
    trivial: Mapping[str, float]
    f1: float | None = None
    f1_interval: tuple[float, float] | None = None
    f1_trivial: Mapping[str, float] | None = None

    @property
    def above_trivial(self) -> bool:
        """Whether the whole interval of accuracy lies above every trivial answer."""
        held = self.accuracy if self.grouped is None else self.grouped
        return self.labelled > 0 and held.low > max(self.trivial.values(), default=0.0)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what is not there is None."""
        from dataclasses import asdict

        held = {name: _plain(value) for name, value in asdict(self).items()}
        return held | {"above_trivial": self.above_trivial}


def scores(answers: Answers, *, f1: str | None = None, seed: int = 0) -> TextScores:
    """How well questions were answered.

    Args:
        answers: Of a client.
        f1: The class whose F1 is counted, in the words of its option.
        seed: Of the bootstrap.

    Raises:
        OptionError: If no question has the option of which F1 is asked.
    """
    whole = _whole(answers)
    judged = [(question, asked) for question, asked in whole if question.label is not None]
    right = np.array([_share_right(question, asked) for question, asked in judged])
    groups = _numbered([("group", q.group) if q.group else ("alone", str(k)) for k, (q, _) in enumerate(judged)])
    several = [(q, asked) for q, asked in whole if len(asked) > 1]
    agreed = [(q, asked) for q, asked in several if _agree(asked)]
    sure = [float(asked[0].choice == q.answer) for q, asked in agreed if q.label is not None]
    flat = [one for _, asked in whole for one in asked]
    own: dict[str, Any] = {}
    if f1 is not None:
        own = _f1_parts(judged, f1, groups, seed)
    return TextScores(
        questions=len(answers),
        answered=len(whole),
        labelled=len(judged),
        accuracy=_share(right),
        grouped=_grouped(right, groups, seed) if len(set(groups.tolist())) < len(groups) else None,
        consistency=_share(np.array([float(_agree(asked)) for _, asked in several])),
        consistent_accuracy=_share(np.array(sure)),
        chosen=_histogram([one.position for one in flat]),
        right=_histogram([one.order.index(q.answer) for q, asked in judged for one in asked if q.answer is not None]),
        unparsed=sum(one.unparsed for one in flat),
        refused=sum(one.answer.refused for one in flat),
        cut=sum(one.answer.cut for one in flat),
        failed=sum(one.failed for several in answers.asked for one in several),
        trivial=trivial_answers(
            [question for question, _ in judged], [[a.order for a in asked] for _, asked in judged]
        ),
        **own,
    )


def trivial_answers(
    questions: Sequence[Question], asked: Sequence[Sequence[Sequence[int]]] | None = None
) -> dict[str, float]:
    """The accuracy of answers without reasoning: at random, each letter, each option, the option most often right.

    Args:
        questions: With labels.
        asked: For each the orders in which it was asked; None takes that of its options.

    Example:
        >>> some = [Question("", "Is it?", ("Yes", "No"), label) for label in ("No", "No", "No", "Yes")]
        >>> trivial_answers(some)
        {'random': 0.5, 'always A': 0.25, 'always B': 0.75, "always 'Yes'": 0.25, "always 'No'": 0.75}
    """
    if not questions:
        return {}
    places = [[tuple(range(len(q.options)))] for q in questions] if asked is None else asked
    found = {"random": float(np.mean([1 / len(question.options) for question in questions]))}
    for letter in range(max(len(question.options) for question in questions)):
        hits = [
            np.mean([order.index(q.answer) == letter for order in several if q.answer is not None])
            for q, several in zip(questions, places, strict=True)
        ]
        found[f"always {LETTERS[letter]}"] = float(np.mean(hits))
    if len({frozenset(question.options) for question in questions}) == 1:
        counts = Counter(question.label for question in questions)
        found |= {f"always {option!r}": counts[option] / len(questions) for option in questions[0].options}
    return found


def f1_of(said: Sequence[str | None], true: Sequence[str | None], wanted: str) -> float:
    """F1 of one class; nan where it is neither there nor said.

    Example:
        >>> f1_of(["Yes", "Yes", None], ["Yes", "No", "Yes"], "Yes")
        0.5
    """
    hits = sum(s == wanted == t for s, t in zip(said, true, strict=True))
    named = sum(s == wanted for s in said) + sum(t == wanted for t in true)
    return 2 * hits / named if named else float("nan")


def _whole(answers: Answers) -> list[tuple[Question, tuple[Asked, ...]]]:
    """The questions that were asked as often as any other of as many options, each time with an answer."""
    most: dict[int, int] = {}
    for question, asked in zip(answers.questions, answers.asked, strict=True):
        most[len(question.options)] = max(most.get(len(question.options), 1), len(asked))
    return [
        (question, asked)
        for question, asked in zip(answers.questions, answers.asked, strict=True)
        if len(asked) == most[len(question.options)] and not any(one.failed for one in asked)
    ]


def _share_right(question: Question, asked: Sequence[Asked]) -> float:
    return float(np.mean([one.choice is not None and one.choice == question.answer for one in asked]))


def _agree(asked: Sequence[Asked]) -> bool:
    return asked[0].choice is not None and len({one.choice for one in asked}) == 1


def _share(values: NDArray[np.float64]) -> Share:
    if not len(values):
        return Share(float("nan"), 0.0, 1.0, 0)
    low, high = wilson_interval(float(values.sum()), len(values))
    return Share(float(values.mean()), low, high, len(values))


def _histogram(places: Sequence[int | None]) -> dict[str, int]:
    counts = Counter(place for place in places if place is not None)
    return {LETTERS[k]: counts[k] for k in range(max(counts, default=-1) + 1)}


def _numbered(names: Sequence[tuple[str, str]]) -> NDArray[np.int64]:
    known = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], dtype=np.int64)


def _grouped(values: NDArray[np.float64], groups: NDArray[np.int64], seed: int) -> Share:
    """The mean with its percentile interval over groups drawn with replacement; Wilson's, of so many groups, where all
    of them are alike and draws would say that nothing can vary.
    """
    size = np.bincount(groups).astype(float)
    total = np.bincount(groups, weights=values)
    if np.ptp(total / size) < TIE:
        return Share(float(values.mean()), *wilson_interval(float(values.mean()) * len(size), len(size)), len(values))
    drawn = np.random.default_rng(seed).integers(len(size), size=(DRAWS, len(size)))
    means = total[drawn].sum(axis=1) / size[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Share(float(values.mean()), float(low), float(high), len(values))


def _f1_parts(
    judged: Sequence[tuple[Question, Sequence[Asked]]], wanted: str, groups: NDArray[np.int64], seed: int
) -> dict[str, Any]:
    """F1 over all times that a question was asked, its interval over groups, and that of trivial answers."""
    if not any(wanted in question.options for question, _ in judged):
        raise OptionError(f"no question with a label has the option {wanted!r}, of which F1 is asked")
    rows = [
        (group, question, one)
        for group, (question, asked) in zip(groups.tolist(), judged, strict=True)
        for one in asked
    ]
    said = [None if one.choice is None else question.options[one.choice] for _, question, one in rows]
    true = [question.label for _, question, _ in rows]
    count = int(max(groups.tolist(), default=0)) + 1
    hits, named = np.zeros(count), np.zeros(count)
    for (g, *_), s, t in zip(rows, said, true, strict=True):
        hits[g] += s == wanted == t
        named[g] += (s == wanted) + (t == wanted)
    drawn = np.random.default_rng(seed).integers(count, size=(DRAWS, count))
    below = named[drawn].sum(axis=1)
    values = 2 * hits[drawn].sum(axis=1)[below > 0] / below[below > 0]
    low, high = np.quantile(values, [0.025, 0.975]) if len(values) else (0.0, 1.0)

    def of_answer(choose: Callable[[Question, Asked], str]) -> float:
        return f1_of([choose(question, one) for _, question, one in rows], true, wanted)

    trivial = {f"always {wanted!r}": of_answer(lambda question, one: wanted)}
    trivial["always A"] = of_answer(lambda question, one: question.options[one.order[0]])
    share = float(np.mean([t == wanted for t in true]))
    options = float(np.mean([len(question.options) for question, _ in judged]))
    trivial["random"] = 2 * share / options / (share + 1 / options) if share else float("nan")
    return {"f1": f1_of(said, true, wanted), "f1_interval": (float(low), float(high)), "f1_trivial": trivial}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return None if isinstance(value, float) and value != value else value
