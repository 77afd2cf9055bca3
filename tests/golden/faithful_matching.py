"""Faithful matching with both losses on 120 reviews and their edits, each matcher and explainer asked."""

import re
from collections.abc import Sequence

import numpy as np

from aitia.systems.faithful_matching import FaithfulMatching
from aitia.systems.faithful_matching.explainer_errors import EffectPairs
from aitia.worlds import ReviewEditor, ReviewsWorld

GOOD = re.compile("delicious|fresh|flavorful|tender|juicy|rich|heavenly|tasty|succulent|crisp|balanced")


def _ask(texts: Sequence[str]) -> np.ndarray:
    """A black box that likes good food, and the letter e a little, so that no two texts are alike to it."""
    good = np.array([0.2 + 0.6 * bool(GOOD.search(text)) + text.count("e") / 10 / len(text) for text in texts])
    return np.stack([1 - good, good], axis=1)


def _read(system: FaithfulMatching, texts: Sequence[str]) -> dict[str, list[str]]:
    table = system.predict({"text": list(texts)}).known
    return {name: table.labels(name).tolist() for name in system.found.categories}


def numbers() -> dict[str, list[float] | float | str]:
    world = ReviewsWorld()
    sample, fresh = world.sample(120, seed=100), world.sample(6, seed=101)
    texts, asked, aspects = list(world.render(sample)), list(world.render(fresh)), world.aspects(sample)
    editor = ReviewEditor(world, sample)
    rows = {"text": texts, **aspects}
    system = FaithfulMatching(steps=8, width=16, queries=16, treatments=["food", "noise"]).fit(rows, writer=editor)
    model = system.found
    joint = FaithfulMatching(steps=8, width=16, queries=16, treatments=["food"], loss="joint")
    joint = joint.fit(rows, writer=editor).found
    values = sorted(set(model.concepts["food"]), key=str)
    made: dict[str, list[float] | float | str] = {
        "values": " ".join(map(str, values)),
        "loss": [part["loss"] for part in model.histories["food"].losses],
        "loss_joint": [part["loss"] for part in joint.histories["food"].losses[:2]],
        "read": "; ".join(f"{name} {' '.join(map(str, read))}" for name, read in _read(system, asked).items()),
    }
    for by in ("causal", "embedding", "tf-idf", "random", "propensity", "approximate", "approximate tf-idf"):
        found = model.match(asked, "food", values[0], 2, by=by)
        made[f"{by}_rows"] = " ".join(str(v) for rows in found.rows for v in rows)
        if by != "random":
            made[f"{by}_scores"] = [float(v) for scores in found.scores for v in scores]
        held = system.bind(model=_ask).do(food=values[-1])
        made[f"{by}_effect"] = held.explain({"text": asked}, by=by, k=3).values[:, 1].tolist()
    for by in ("conexp", "s-learner"):
        made[f"{by}_effect"] = model.explain(asked, "food", values[-1], _ask, by=by).values[:, 1].tolist()
    made["joint_scores"] = [float(v) for scores in joint.match(asked, "food", values[0], 2).scores for v in scores]
    start = [str(v) for v in world.aspects(fresh)["food"]]
    end = [next(str(v) for v in values if str(v) != value) for value in start]
    edited = list(ReviewEditor(world, fresh)(asked, "food", end))
    pairs = EffectPairs(asked, edited, ["food"] * len(asked), start, end)
    errors = system.bind(model=_ask).evaluate(pairs, ("causal", "tf-idf", "conexp"), k=(1, 2)).table().to_pandas()
    made["errors_of"] = " ".join(map(str, errors.iloc[:, 0]))
    made["errors"] = [float(v) for v in errors.select_dtypes("number").to_numpy().ravel()]
    return made
