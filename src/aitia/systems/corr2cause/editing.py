"""The same questions with their variables called otherwise, or with the other wording of a hypothesis.

    names=permuted      the names of a question dealt anew among its variables
    names=reversed      Z, Y, X, ... in the order of the names
    names=words         coined words
    phrasing            the published sentences of a hypothesis, or the paraphrased ones

Neither touches what is stated or asked, so an answer that changes was not read off the statements. `effects` counts
that: the change of F1 and accuracy, with an interval over classes, beside that of the exact solver, which is 0.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.do import Intervention
from aitia.errors import DataError, OptionError
from aitia.system import Given, Target
from aitia.systems.corr2cause.features import Asked
from aitia.systems.corr2cause.judge import DRAWS, f1_parts
from aitia.systems.corr2cause.reading import asked_of, labels_of, texts_of
from aitia.worlds.corr2cause import ASKED, NAMES, PHRASINGS, WORDS
from aitia.worlds.correlation_text import Hypothesis, hypothesis_text

if TYPE_CHECKING:
    from aitia.systems.corr2cause.model import Corr2Cause

__all__ = ["OUTCOMES", "TARGETS", "edited", "edited_texts", "effects_of", "reworded"]

TARGETS = (
    Target("names", NAMES[2:], about="what the variables are called"),
    Target("phrasing", PHRASINGS, about="which sentences a hypothesis has"),
)
OUTCOMES = ("F1", "accuracy")


def edited(given: Given, held: Intervention) -> Data:
    """The rows with their questions in other words.

    Raises:
        DataError: If a question cannot be read, or has more variables than there are words; names the row.
    """
    texts = edited_texts(texts_of(given), held)
    columns: dict[str, Any] = {}
    if (whole := given.column("input")) is not None and given.column("premise") is None:
        columns[whole] = [f"Premise: {premise}\nHypothesis: {question}" for premise, question in texts]
    else:
        columns = {
            str(given.column("premise")): [t for t, _ in texts],
            str(given.column("question")): [t for _, t in texts],
        }
    return given.data.with_known(columns, dict.fromkeys(columns, "text"))


def edited_texts(texts: Sequence[tuple[str, str]], held: Intervention) -> list[tuple[str, str]]:
    """Premises and hypotheses under what is held."""
    done = {str(target): getattr(action, "value", None) for target, action in held.items()}
    found = []
    for row, ((premise, question), (stated, asked)) in enumerate(zip(texts, asked_of(texts), strict=True)):
        if "names" in done:
            if len(stated.names) > len(WORDS):
                raise DataError(
                    f"row {row} has {len(stated.names)} variables, and there are {len(WORDS)} names for them"
                )
            called = _called(stated.names, str(done["names"]), premise)
            premise = str(stated.renamed(called))
            asked = Hypothesis(asked.kind, called[asked.x], called[asked.y])
        if done:
            question = _question(question, asked, _is_paraphrased(question, done))
        found.append((premise, question))
    return found


def reworded(text: tuple[str, str], renamed: Asked) -> tuple[str, str]:
    """A question under other names, in the sentences that it has."""
    stated, asked = renamed
    return str(stated), _question(text[1], asked, _is_paraphrased(text[1], {}))


def _question(question: str, asked: Hypothesis, paraphrased: bool) -> str:
    told = hypothesis_text(asked, paraphrased=paraphrased)
    return ASKED.format(told.rstrip(".")) if question.rstrip().endswith("?") else told


def _is_paraphrased(question: str, done: Mapping[str, Any]) -> bool:
    if "phrasing" in done:
        return bool(done["phrasing"] == "paraphrased")
    return any(sign in question for sign in ("affects", "mediator(s)", "together cause", "cause(s) both"))


def _called(names: Sequence[str], how: str, premise: str) -> dict[str, str]:
    """The new name of each variable; the same for all questions of a premise."""
    random = np.random.default_rng(zlib.crc32(premise.encode()))
    if how == "permuted":
        return {name: names[k] for name, k in zip(names, random.permutation(len(names)), strict=True)}
    if how == "words":
        return {name: WORDS[k] for name, k in zip(names, random.permutation(len(WORDS)), strict=False)}
    return {name: chr(90 - k) for k, name in enumerate(names)}


def effects_of(model: "Corr2Cause", given: Given, target: str | None, outcome: str | None) -> Table:
    """The change of each outcome under each edit, on questions with a label.

    Raises:
        OptionError: If no question has a label, or there is no such outcome.
    """
    if outcome is not None and outcome not in OUTCOMES:
        raise OptionError(f"the outcome is F1 or accuracy, got {outcome!r}")
    labels = labels_of(given)
    known = [row for row, label in enumerate(labels) if label is not None]
    if not known:
        raise OptionError("effects are told on questions with labels, and there are none")
    part = given.take(known)
    true = [bool(labels[row]) for row in known]
    groups = model.groups(part, asked_of(texts_of(part)))
    before = model.answers(part).answers
    exact = model.derived(part)
    lines: dict[str, list[Any]] = {n: [] for n in ("target", "outcome", "effect", "low", "high", "control")}
    for one in TARGETS if target is None else [t for t in TARGETS if t.name == target]:
        for value in one.labels:
            other = part.with_rows(edited(part, Intervention({one.name: value})))
            after, solved = model.answers(other).answers, model.derived(other)
            for what in OUTCOMES if outcome is None else (outcome,):
                effect, low, high = _change(before, after, true, groups, what, model.config.seed)
                control = _change(exact, solved, true, groups, what, model.config.seed)[0]
                for name, cell in zip(lines, (f"{one.name}={value}", what, effect, low, high, control), strict=True):
                    lines[name].append(cell)
    kinds = {"target": "label", "outcome": "label"} | dict.fromkeys(("effect", "low", "high", "control"), "number")
    return Table.of(lines, kinds=kinds)


def _change(
    before: Sequence[bool | None], after: Sequence[bool | None], true: Sequence[bool], groups: NDArray[np.str_],
    outcome: str, seed: int,
) -> tuple[float, float, float]:  # fmt: skip
    """How much an outcome changes, and the 95 % interval where classes are drawn with replacement."""
    _, place = np.unique(groups, return_inverse=True)
    count = int(place.max()) + 1
    drawn = np.random.default_rng(seed).integers(count, size=(DRAWS, count))
    sides = []
    for said in (before, after):
        if outcome == "F1":
            over, under = f1_parts(said, true, place)
        else:
            right = np.array([a == t for a, t in zip(said, true, strict=True)], dtype=float)
            over, under = (np.bincount(place, values).astype(np.float64) for values in (right, np.ones(len(right))))
        whole = over.sum() / max(under.sum(), 1.0)
        sides.append((whole, over[drawn].sum(axis=1) / np.maximum(under[drawn].sum(axis=1), 1.0)))
    low, high = np.quantile(sides[1][1] - sides[0][1], [0.025, 0.975])
    return float(sides[1][0] - sides[0][0]), float(low), float(high)
