"""CausaLM on restaurant reviews that people edited, where they stand beside the project."""

import re
from pathlib import Path

import numpy as np
import pytest

from aitia.data.tables import read_table
from aitia.systems.causalm import CausaLM

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "faithful-matching"
ASPECTS = ("food", "service")
KNOWN = ("Negative", "Positive", "unknown")


def plain(text):
    """Lower-case words and signs, apart by spaces."""
    return " ".join(re.findall(r"[a-z']+|[0-9]+|[^\w\s]", str(text).lower()))


def reviews(name):
    """Texts with whether they are liked (4 or 5 stars), food and service; and their ids."""
    if not (FOLDER / name).is_file():
        pytest.skip(f"the real table {name} is not beside this project")
    frame = read_table(FOLDER / name).to_pandas()
    stars = frame["review_majority"].astype(str)
    frame = frame[
        stars.isin(list("12345")) & np.all([frame[f"{a}_aspect_majority"].isin(KNOWN) for a in ASPECTS], axis=0)
    ]
    frame = frame.assign(
        text=[plain(text) for text in frame["description"]], liked=frame["review_majority"].astype(int) > 3
    )
    return frame[frame["text"].str.len() > 0]


def columns(frame):
    return {
        "text": frame["text"].tolist(),
        "liked": frame["liked"].tolist(),
        **{a: frame[f"{a}_aspect_majority"].tolist() for a in ASPECTS},
    }


def edited(frame):
    """Pairs of texts of which one is the other with its food edited."""
    originals = frame[frame["is_original"] == 1].set_index("original_id")
    edits = frame[
        (frame["is_original"] == 0) & (frame["edit_type"] == "food") & frame["original_id"].isin(originals.index)
    ]
    before = originals.loc[edits["original_id"]]
    moved = before["food_aspect_majority"].to_numpy() != edits["food_aspect_majority"].to_numpy()
    return before[moved], edits[moved]


@pytest.fixture(scope="module")
def measured():
    train, dev = reviews("cebab_train.csv"), reviews("cebab_dev.csv")
    train = train.iloc[np.random.default_rng(0).permutation(len(train))[:3000]]
    model = CausaLM(
        first_steps=300, steps=150, head_steps=200, longest=48, words=3000, batch=48, placebo=True,
    )  # fmt: skip
    model.fit(columns(train), label="liked", concept="food", controls=("service",))
    before, after = edited(dev)
    effects = model.estimate({**columns(before), "rewritten": after["text"].tolist()}, truth=True)
    return model, {e.name: e for e in effects}, model.erasure(columns(dev)), columns(dev)


@pytest.mark.slow
def test_the_effect_of_food_is_told_beside_that_of_human_edits(measured):
    model, effects, probes, rows = measured
    for name, effect in effects.items():
        print(f"{name}: {effect.estimate:.3f} [{effect.low:.3f}, {effect.high:.3f}]")
    print(*probes, sep="\n")
    right = {of: model.accuracy(rows, of=of) for of in ("original", "counterfactual", "placebo")}
    print(right)
    assert right["original"] > 0.65
    assert 0 < effects["true ATE"].low < effects["true ATE"].high < 2
    # A classifier that does not know the food follows an edit of the food less.
    assert effects["left in f_CF"].estimate < effects["true ATE"].estimate
    original, counterfactual, placebo = probes
    assert counterfactual.linear < original.linear - 0.05
    assert placebo.linear > counterfactual.linear
    assert counterfactual.controls["service"] > 0.85 * original.controls["service"]
