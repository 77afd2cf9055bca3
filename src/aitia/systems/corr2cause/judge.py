"""How well questions are answered, beside answers that need no reasoning. Classes, not questions, are what is drawn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.system import Given, Score, Scores
from aitia.systems.corr2cause.features import Asked
from aitia.systems.corr2cause.reading import asked_of, labels_of, texts_of
from aitia.text.scores import f1_of

if TYPE_CHECKING:
    from aitia.systems.corr2cause.model import Corr2Cause

__all__ = ["DRAWS", "f1", "f1_interval", "f1_parts", "judged", "parts_of_f1"]

DRAWS = 2000
SHORTCUTS = {"hypothesis": "hypothesis only", "counts": "seven counts"}
Answered = Sequence[bool | None]


def judged(model: "Corr2Cause", fresh: Given, seen: Given) -> Scores:
    """F1, precision and recall of what is entailed, and accuracy, on questions with a label or an exact answer."""
    labels, derived = labels_of(fresh), model.derived(fresh)
    truth = [label if label is not None else exact for label, exact in zip(labels, derived, strict=True)]
    known = [row for row, label in enumerate(truth) if label is not None]
    if not known:
        return {}
    part = fresh.take(known)
    true = [bool(truth[row]) for row in known]
    said = model.answers(part)
    items = _readable(part)
    groups = np.array([str(k) for k in known]) if items is None else model.groups(part, items)
    rivals = {"always yes": f1([True] * len(true), true), "random": _random_f1(true)}
    if items is not None:
        rivals |= {name: f1(answers, true) for name, answers in _shortcuts(model, items, seen).items()}
    low, high = f1_interval(said.answers, true, groups, model.config.seed)
    classes = len(set(groups.tolist()))
    about = (
        f"Of what is entailed, over {len(true)} questions of {classes} classes; 95 % {low:.2f} to {high:.2f}, classes "
        f"drawn with replacement.{_seen(model, groups, seen)}"
    )
    precision, recall = parts_of_f1(said.answers, true)
    scores = {
        "F1": Score(f1(said.answers, true), "higher", about, rivals),
        "precision": Score(precision, "higher", "Of what is called entailed, the share that is."),
        "recall": Score(recall, "higher", "Of what is entailed, the share that is called so."),
        "accuracy": Score(
            float(np.mean([a == t for a, t in zip(said.answers, true, strict=True)])), "higher",
            "Of all questions; to call nothing entailed is right in most.", {"always no": 1 - float(np.mean(true))},
            (),
        ),
    }  # fmt: skip
    if said.asked is not None:
        silent = float(np.mean([answer is None for answer in said.answers]))
        told = "Answers that chose no option, or another one when the options were turned round; they count as wrong."
        scores["no answer"] = Score(silent, "lower", told)
    if any(label is not None for label in labels):
        both = [(a, b) for a, b in zip(labels, derived, strict=True) if a is not None and b is not None]
        if both:
            agree = float(np.mean([a == b for a, b in both]))
            scores["labels that are exact"] = Score(agree, "higher", "Share of labels that are the solver's answer.")
    return scores


def _readable(given: Given) -> list[Asked] | None:
    """What is stated and asked; None where some question is of another wording."""
    from aitia.errors import DataError

    try:
        return asked_of(texts_of(given))
    except DataError:
        return None


def _shortcuts(model: "Corr2Cause", items: Sequence[Asked], seen: Given) -> dict[str, list[bool]]:
    """What is answered without reasoning, learnt from the questions that the fit saw."""
    if seen.rows is None:
        return {}
    learnt = _readable(seen)
    labels = labels_of(seen)
    if learnt is None or len({label for label in labels if label is not None}) < 2:
        return {}
    from aitia.systems.corr2cause.model import Corr2Cause

    found = {}
    for method, name in SHORTCUTS.items():
        shortcut = Corr2Cause(method=method, trees=model.config.trees, seed=model.config.seed)
        shortcut.fit(Given(seen.rows, seen.roles))
        forest = shortcut._fitted_forest()
        found[name] = forest.answers(shortcut._features(items)).tolist()
    return found


def _seen(model: "Corr2Cause", groups: NDArray[np.str_], seen: Given) -> str:
    """A sentence where questions of a class stand on both sides."""
    if seen.rows is None or (learnt := _readable(seen)) is None:
        return ""
    shared = set(groups.tolist()) & set(model.groups(seen, learnt).tolist())
    if not shared:
        return ""
    return (
        f" {len(shared)} of the classes were learnt from too, so that this says little: name the column of classes "
        "(--group), and they stay together."
    )


def f1(said: Answered, true: Sequence[bool]) -> float:
    """Of what is entailed; 0 where nothing is, and nothing is called so."""
    value = f1_of(_words(said), _words(true), "Yes")
    return 0.0 if value != value else value


def parts_of_f1(said: Answered, true: Sequence[bool]) -> tuple[float, float]:
    """Precision and recall of what is entailed; 0 where they are of nothing."""
    hits = sum(a is True and t for a, t in zip(said, true, strict=True))
    return hits / max(sum(a is True for a in said), 1), hits / max(sum(true), 1)


def f1_interval(said: Answered, true: Sequence[bool], groups: NDArray[np.str_], seed: int) -> tuple[float, float]:
    """The 95 % interval of F1 where classes are drawn with replacement."""
    _, place = np.unique(groups, return_inverse=True)
    over, under = f1_parts(said, true, place)
    drawn = np.random.default_rng(seed).integers(len(over), size=(DRAWS, len(over)))
    values = over[drawn].sum(axis=1) / np.maximum(under[drawn].sum(axis=1), 1.0)
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def f1_parts(
    said: Answered, true: Sequence[bool], place: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(classes,) twice the hits, and what is called entailed or is: F1 is the ratio of their sums."""
    yes = np.array([answer is True for answer in said], dtype=float)
    own = np.array(true, dtype=float)
    over, under = (np.bincount(place, values).astype(np.float64) for values in (2 * yes * own, yes + own))
    return over, under


def _random_f1(true: Sequence[bool]) -> float:
    share = float(np.mean(true))
    return share / (share + 0.5)


def _words(answers: Answered) -> list[str | None]:
    return [None if answer is None else "Yes" if answer else "No" for answer in answers]
