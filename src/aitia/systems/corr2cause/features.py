"""What answers without reasoning see of a question: its words as they stand, or a few counts.

    memoriser     one bit for each statement, as a string, and for the kind and the names of the hypothesis
    hypothesis    the latter alone: the premise is not looked at
    counts        the kind, and seven numbers: how many variables there are, how often each of the two stands in an
                  independence without the other, how often each stands in a condition, how many sets separate the two,
                  and how many pairs are dependent by themselves
"""

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.worlds.correlation_text import Hypothesis, Premise

__all__ = ["SHORTCUTS", "Asked", "Shortcut", "counts", "shuffled_names", "vocabulary", "words"]

Asked = tuple[Premise, Hypothesis]
Shortcut = Literal["memoriser", "counts", "hypothesis"]
SHORTCUTS: tuple[Shortcut, ...] = get_args(Shortcut)
KINDS = ("parent", "ancestor", "collider", "confounder")


def words(asked: Asked, premise: bool = True) -> list[str]:
    """The strings of a question that have a bit each."""
    stated, hypothesis = asked
    kind, x, y = hypothesis.kind, hypothesis.x, hypothesis.y
    if kind in ("collider", "confounder"):
        x, y = sorted((x, y))
    told = [f"kind {kind}", f"first {x}", f"second {y}", f"{kind} {x} {y}"]
    return [*stated.sentences, *told] if premise else told


def vocabulary(items: Iterable[Asked], premise: bool = True) -> tuple[str, ...]:
    """Every string of some questions, sorted."""
    return tuple(sorted({word for item in items for word in words(item, premise)}))


def bits(items: Sequence[Asked], known: Sequence[str], premise: bool = True) -> NDArray[np.float32]:
    """(questions, strings) whether each holds each; what is not known is passed over."""
    place = {word: k for k, word in enumerate(known)}
    found = np.zeros((len(items), len(known)), dtype=np.float32)
    for row, item in enumerate(items):
        found[row, [place[word] for word in words(item, premise) if word in place]] = 1.0
    return found


def counts(items: Sequence[Asked]) -> NDArray[np.float32]:
    """(questions, 11) the four kinds as bits, and the seven counts."""
    found = np.zeros((len(items), len(KINDS) + 7), dtype=np.float32)
    for row, (premise, asked) in enumerate(items):
        x, y = asked.x, asked.y
        pairs = [{one.x, one.y} for one in premise.independent]
        given = [one.given for one in premise.independent]
        found[row, KINDS.index(asked.kind)] = 1.0
        found[row, len(KINDS) :] = (
            len(premise.names),
            sum(x in pair and y not in pair for pair in pairs), sum(y in pair and x not in pair for pair in pairs),
            sum(x in z for z in given), sum(y in z for z in given),
            sum(pair == {x, y} for pair in pairs), len(premise.dependent),
        )  # fmt: skip
    return found


def shuffled_names(asked: Asked, random: np.random.Generator) -> Asked:
    """The same question with its names dealt anew among its variables."""
    premise, hypothesis = asked
    dealt = random.permutation(len(premise.names))
    names = {name: premise.names[k] for name, k in zip(premise.names, dealt, strict=True)}
    return premise.renamed(names), Hypothesis(hypothesis.kind, names[hypothesis.x], names[hypothesis.y])
