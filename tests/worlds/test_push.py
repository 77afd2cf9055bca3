"""The push: who pushes is in the picture alone, and the sentences are built from it."""

import csv
from collections import Counter

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.workflow.trials import write_trial
from aitia.worlds import PushWorld
from aitia.worlds.push import CONNECTIVES

WORLD = PushWorld()


def test_the_trail_is_the_only_difference_that_the_hitter_makes():
    sample = WORLD.sample(30, seed=1)
    first, second = (WORLD.render(WORLD.counterfactual(sample, {"hitter": name})) for name in ("first", "second"))
    assert np.array_equal(WORLD.counterfactual(sample, {"hitter": "first"})["first"], sample["first"])
    differs = (first != second).any(axis=-1)
    assert differs.any(axis=(1, 2)).all()
    # By hand: the middle of each trail, 0.42 behind the centre of what pushes.
    for sign, with_trail, without in ((-1, first, second), (1, second, first)):
        reach = sign * (sample["distance"] / 2 + 0.42)
        column = (14 * (1 + sample["x"] + reach * np.cos(sample["angle"]))).astype(int)
        line = (14 * (1 - sample["y"] - reach * np.sin(sample["angle"]))).astype(int)
        rows = np.arange(30)
        assert (abs(with_trail[rows, line, column].astype(int) - 140) < 45).all()
        assert (without[rows, line, column] < 30).all()


def test_a_sentence_says_what_the_scene_says_with_every_connective():
    sample = WORLD.sample(50, seed=2)
    labels = [WORLD.latent("first").labels[int(k)] for k in sample["first"]]
    others = [WORLD.latent("second").labels[int(k)] for k in sample["second"]]
    for connective, forward in CONNECTIVES.items():
        for row, (true, reverse) in enumerate(WORLD.sentences(sample, connective)):
            hitter, mover = (labels[row], others[row]) if sample["hitter"][row] == 0 else (others[row], labels[row])
            ends = (hitter, mover) if forward else (mover, hitter)
            assert true == f"{ends[0]} {connective} {ends[1]}"
            assert reverse == f"{ends[1]} {connective} {ends[0]}"


def test_no_answer_from_the_text_alone_is_right_more_often_than_half():
    """Every pair of things stands in either order as often, whatever the connective."""
    sample = WORLD.sample(40_000, seed=3)
    pairs = WORLD.sentences(sample)
    seen = Counter(true for true, _ in pairs)
    z = [
        (seen[true] - seen[other]) / np.sqrt(seen[true] + seen[other])
        for true, other in {tuple(sorted(p)) for p in pairs}
    ]
    assert len(z) == 24 * 2
    assert abs(np.mean(np.square(z)) - 1) < 4 * np.sqrt(2 / len(z))  # chi-square of fair coins
    first_clause = [true < other for true, other in pairs]
    assert abs(np.mean(first_clause) - 0.5) < 4 * 0.5 / 200


def test_captions_name_both_things_and_say_nothing_of_the_push():
    sample = WORLD.sample(200, seed=4)
    turned = WORLD.counterfactual(sample, {"hitter": "first"})
    for style in ("plain", "varied", "unseen"):
        assert WORLD.captions(sample, style=style) == WORLD.captions(turned, style=style)
    assert WORLD.captions(sample)[0].count(" and ") == 1
    assert not set(WORLD.captions(sample, style="unseen")) & set(WORLD.captions(sample, style="varied"))


def test_rows_ask_for_the_true_one_of_two_sentences():
    sample = WORLD.sample(40, seed=5)
    rows = WORLD.rows(sample)
    for row, (true, reverse) in enumerate(WORLD.sentences(sample)):
        chosen = str(rows.labels("choice")[row])
        assert rows.texts(chosen)[row] == true
        assert rows.texts({"sentence": "reverse", "reverse": "sentence"}[chosen])[row] == reverse


def test_a_trial_has_pictures_and_sentences_and_hides_who_pushes(tmp_path):
    write_trial(WORLD, tmp_path / "push", 10, size=16)
    assert (tmp_path / "push" / "train" / "train-9.png").is_file()
    with open(tmp_path / "push" / "train" / "train.csv", encoding="utf-8") as file:
        assert {"sentence", "reverse", "caption", "connective", "choice", "hitter"} <= set(next(csv.reader(file)))
    with open(tmp_path / "push" / "test" / "test.csv", encoding="utf-8") as file:
        heads = next(csv.reader(file))
    assert {"sentence", "reverse", "caption"} <= set(heads)
    assert not {"hitter", "mover", "choice"} & set(heads)


def test_an_unknown_connective_style_or_view_is_refused():
    sample = WORLD.sample(2)
    with pytest.raises(OptionError, match=r"a connective is one of pushes, moves because of, .*, got 'eats'"):
        WORLD.sentences(sample, "eats")
    with pytest.raises(OptionError, match="the style of captions is one of plain, varied, unseen"):
        WORLD.captions(sample, style="loud")
    with pytest.raises(OptionError, match="one view"):
        WORLD.render(sample, view="left")
