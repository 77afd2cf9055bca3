"""How often the right one is chosen: by what is asked and how the others were made, beside what knows no link."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.evidence.intervals import wilson
from aitia.system import Given, Score, Scores
from aitia.systems.mucr.answered import SLOTS, Answered, slots_of
from aitia.systems.mucr.items import Items
from aitia.systems.mucr.rules import RULES, shares_right

if TYPE_CHECKING:
    from aitia.systems.mucr.model import Mucr

__all__ = ["judged", "rights"]

Values = NDArray[np.float64]


def rights(model: "Mucr", items: Items, found: Answered | None = None) -> Values:
    """(n,) how far each row is right: its share of a tie, or of the orders in which a client was; a guess where nothing
    is known of a trained model. Nan where nobody says which is right."""
    found = model.answers(items) if found is None else found
    if found.shares is not None:
        return found.shares
    own = shares_right(found.scores, items.right)
    bare = np.flatnonzero((items.right >= 0) & np.isnan(own)).tolist()
    own[bare] = [1 / max(items.count(row), 1) for row in bare]
    return own


def judged(model: "Mucr", fresh: Given) -> Scores:
    """The share right of the rows that say what is."""
    items = model.items(fresh)
    found = model.answers(items)
    scores: dict[str, Score] = {}
    own = np.flatnonzero((items.right >= 0) & (np.array(items.asked) != "reason"))
    if len(own):
        part, right = items.take(own), rights(model, items, found)[own]
        rivals = rivals_of(model, part)
        scores |= {"right": _score(right, rivals, "The right one of the candidates or cues is chosen.")}
        for name, labels in (("asked", part.asked), ("distractors", part.distractors), ("style", part.styles)):
            for label in sorted(set(labels) - {""}):
                rows = np.array([one == label for one in labels])
                if not rows.all():
                    told = {rival: values[rows] for rival, values in rivals.items()}
                    scores[f"right, {name} {label}"] = _score(
                        right[rows], told, f"The same of rows with {name} {label}."
                    )
    for slot, score in _slots(model, items, found).items():
        scores[slot] = score
    if found.shares is not None and found.letters:
        most = max(found.letters.values()) / sum(found.letters.values())
        scores["most frequent letter"] = Score(most, "lower", "Share of answers; every letter is right as often.")
    return scores


def rivals_of(model: "Mucr", items: Items) -> dict[str, Values]:
    """(n,) of each rule how far it is right."""
    guess = np.array([1 / items.count(row) for row in range(len(items))])
    found = {"a guess": guess, "always the first": (items.right == 0).astype(np.float64)}
    if items.matched.any():
        for name, rule in RULES[model.config.setting].items():
            own = shares_right(rule(items), items.right)
            found[name] = np.where(np.isnan(own), guess, own)
    if "cue" in items.asked and "cue" in model.usual:
        usual = [
            float(items.cues[row][items.right[row]] == model.usual["cue"]) if kind == "cue" else guess[row]
            for row, kind in enumerate(items.asked)
        ]
        found["the most frequent cue of the fit"] = np.array(usual)
    if "client" not in model.subjects and len(items) > 1:
        other = items.under(_other(model), model.shown)
        found["what another row shows"] = rights(model, other)
    return found


def _other(model: "Mucr") -> "dict[str, object]":
    held = type(model.held)({model.shown: "other"})
    return dict(held.items())


def _score(right: Values, rivals: dict[str, Values], about: str) -> Score:
    interval = wilson(float(right.sum()), len(right))
    told = "" if interval is None else f" 95 % interval {interval.low:.3f} to {interval.high:.3f}, {len(right)} rows."
    beside = {name: float(values.mean()) for name, values in rivals.items()}
    return Score(float(right.mean()), "higher", f"{about} Ties count their share.{told}", beside)


def _slots(model: "Mucr", items: Items, found: Answered) -> dict[str, Score]:
    """Of sentences the share of each slot, and of all four."""
    true = {k: slots_of(text) for k, text in enumerate(items.reasons) if items.asked[k] == "reason"}
    true = {row: slots for row, slots in true.items() if slots}
    if not true:
        return {}
    told = {row: slots_of(found.reasons[row]) or ("",) * len(SLOTS) for row in true}
    scores = {}
    for k, slot in enumerate(SLOTS):
        usual = model.usual.get(slot, "")
        scores[f"sentence, {slot}"] = Score(
            float(np.mean([told[row][k] == true[row][k] for row in true])), "higher",
            f"Share of {len(true)} sentences whose slot is right.",
            {"what the fit says most": float(np.mean([true[row][k] == usual for row in true]))},
        )  # fmt: skip
    usual_all = tuple(model.usual.get(slot, "") for slot in SLOTS)
    scores["sentence, all slots"] = Score(
        float(np.mean([told[row] == true[row] for row in true])), "higher", "Share of sentences whose slots all are.",
        {"what the fit says most": float(np.mean([true[row] == usual_all for row in true]))},
    )  # fmt: skip
    return scores
