"""Siamese pictures: candidates are counterfactuals of the row, and labels are what was done."""

import csv
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

from aitia.errors import OptionError
from aitia.workflow.trials import write_trial
from aitia.worlds import PendulumWorld, SiameseWorld
from aitia.worlds.siamese import BASES, GAP, LETTERS

WORLD = SiameseWorld()
BASE = PendulumWorld()


def seen(rows, row):
    return [rows.pictures(f"candidate_{letter}")[row] for letter in LETTERS]


def shadow(light, angle, stretch, move):
    """Length and middle of the shadow by the geometry of rays, of pivot at height 1, rod .7 and ball .12."""
    x, y = 0.7 * np.sin(angle), 1 - 0.7 * np.cos(angle)
    pivot, ball, half = -np.tan(light), x - y * np.tan(light), 0.12 / np.cos(light)
    low, high = np.minimum(pivot, ball - half), np.maximum(pivot, ball + half)
    return (high - low) * (1 + stretch), (high + low) / 2 + move


@pytest.mark.parametrize("name", sorted(BASES))
def test_distractors_are_counterfactuals_of_the_row_as_the_other_world_gives_them(name):
    world = SiameseWorld(name)
    sample = world.sample(12, seed=3)
    for other in world.others(sample):
        for row in range(12):
            held = {k: float(other[k][row]) for k in world.sides[0] if not world.base.latent(k).labels}
            labels = {k: world.base.latent(k).labels[int(other[k][row])] for k in world.sides[0] if k not in held}
            peer = world.base.counterfactual(world._own(sample).take([row]), {**held, **labels})
            for effect in world.sides[1]:
                assert other[effect][row] == pytest.approx(peer[effect][0], rel=1e-9, abs=1e-12)


def test_the_shadow_of_a_distractor_is_where_the_rays_put_it():
    sample = WORLD.sample(40, seed=4)
    noise = [BASE.config.deviation * sample.noise[f"shadow_{name}"] for name in ("length", "position")]
    for rows in (WORLD._own(sample), *WORLD.others(sample)):
        length, middle = shadow(rows["light"], rows["angle"], *noise)
        assert np.allclose(rows["shadow_length"], length, atol=1e-9)
        assert np.allclose(rows["shadow_position"], middle, atol=1e-9)


def test_only_what_the_kind_says_is_set_and_not_near_to_what_it_was():
    sample = WORLD.sample(300, seed=5)
    made = np.array(WORLD.latent("made").labels)[sample["made"].astype(int)]
    for other in WORLD.others(sample):
        for name in WORLD.movable:
            latent = BASE.latent(name)
            apart = np.abs(other[name] - sample[name]) / (latent.high - latent.low)
            hit = np.isin(made, ("random", name))
            assert (apart[hit] >= GAP - 1e-12).all()
            assert (apart[~hit] == 0).all()
            assert (other[name] >= latent.low - 1e-12).all()
            assert (other[name] <= latent.high + 1e-12).all()


@given(own=st.floats(-0.6, 0.6), low=st.floats(0, 0.5))
def test_what_is_set_is_even_where_it_may_lie(own, low):
    u = (np.arange(400) + 0.5) / 400
    moved = WORLD._moved("light", np.full(400, own), u)
    gap = GAP * 1.2
    left, right = max(own - gap + 0.6, 0), max(0.6 - own - gap, 0)
    share = low * left / max(left, 1e-12)
    below = (moved < -0.6 + share * left).mean()
    assert below == pytest.approx(share * left / (left + right), abs=0.01)


def test_the_right_candidate_is_that_of_the_row_and_stands_anywhere_as_often():
    sample = WORLD.sample(60, seed=6)
    rows = WORLD.rows(sample, 24)
    own = WORLD._own(sample)
    sides = [
        BASE.render(own, size=24, only=names) for names in (("light", "angle"), ("shadow_length", "shadow_position"))
    ]
    for row in range(60):
        turn = 0 if rows.labels("asked")[row] == "effect" else 1
        assert np.array_equal(rows.pictures("shown")[row], sides[turn][row])
        places = [np.array_equal(one, sides[1 - turn][row]) for one in seen(rows, row)]
        assert places.index(True) == LETTERS.index(str(rows.labels("choice")[row]))
        others = [WORLD.picture(one, 1 - turn, 24)[row].tobytes() for one in WORLD.others(sample)]
        told = [one.tobytes() for one, true in zip(seen(rows, row), places, strict=True) if not true]
        assert sorted(told) == sorted(others)
    many = WORLD.sample(4000, seed=7)
    for name in ("choice", "turn", "made"):
        assert chisquare(list(Counter(many[name].tolist()).values())).pvalue > 1e-3
    assert kstest((many["light"] + 0.6) / 1.2, "uniform").pvalue > 1e-3


def test_a_side_shows_nothing_of_the_other():
    sample = WORLD._own(WORLD.sample(20, seed=8))
    lit = BASE.counterfactual(sample, {"light": 0.4, "shadow_length": 0.5, "shadow_position": 0.1})
    dark = BASE.counterfactual(sample, {"light": -0.4, "shadow_length": 0.5, "shadow_position": 0.1})
    assert np.array_equal(WORLD.picture(lit, 1, 24), WORLD.picture(dark, 1, 24))
    long = BASE.counterfactual(lit, {"light": 0.4, "shadow_length": 0.9, "shadow_position": -0.3})
    assert np.array_equal(WORLD.picture(lit, 0, 24), WORLD.picture(long, 0, 24))
    assert not np.array_equal(WORLD.picture(lit, 0, 24), WORLD.picture(dark, 0, 24))


def test_an_effect_that_is_set_stays_in_every_candidate():
    fact = WORLD.sample(10, seed=9)
    held = WORLD.counterfactual(fact, {"shadow_position": 0.2})
    for other in WORLD.others(held):
        assert (other["shadow_position"] == 0.2).all()
        assert (other["shadow_length"] != held["shadow_length"]).any()


def test_cues_and_sentences_say_what_was_moved():
    for level in ("phrase", "sentence"):
        world = SiameseWorld(level=level)
        sample = world.sample(60, seed=10)
        rows = world.rows(sample, 16)
        before, after, which, rises = world.moved(sample)
        for row in range(60):
            name = world.movable[which[row]]
            assert (after[name][row] > before[name][row]) == rises[row]
            still = [k for k in world.movable if k != name]
            assert all(after[k][row] == before[k][row] for k in still)
            way = "rises" if after[name][row] > before[name][row] else "falls"
            if level == "phrase":
                cues = rows.lists("cues")[row]
                assert len(set(cues)) == 4
                assert cues[LETTERS.index(str(rows.labels("choice")[row]))] == f"{name} {way}"
                continue
            change = {k: (after[k][row] - before[k][row]) / (BASE.latent(k).high - BASE.latent(k).low)
                      for k in world.sides[1]}  # fmt: skip
            effect = max(change, key=lambda k: abs(change[k]))
            wayward = "rises" if change[effect] > 0 else "falls"
            assert rows.texts("reason")[row] == f"{name} {way}, so {effect.replace('_', ' ')} {wayward}"


def test_captions_tell_each_picture_by_its_step():
    sample = WORLD.sample(30, seed=11)
    rows = WORLD.rows(sample, 8)
    for row in range(30):
        place = LETTERS.index(str(rows.labels("choice")[row]))
        said = rows.lists("captions")[row]
        cause, effect = (said[0], said[place + 1])[:: 1 if rows.labels("asked")[row] == "effect" else -1]
        steps = {k: int((sample[k][row] - BASE.latent(k).low) / (BASE.latent(k).high - BASE.latent(k).low) * 24) + 1
                 for k in BASE.names}  # fmt: skip
        assert cause == f"light {steps['light']} of 24, angle {steps['angle']} of 24"
        assert effect.startswith(f"shadow length {min(steps['shadow_length'], 24)} of 24, shadow position ")


def test_a_half_is_that_of_the_first_cause_and_of_its_distractors():
    for half, sign in (("low", -1), ("high", 1)):
        world = SiameseWorld(half=half)
        sample = world.sample(50, seed=12)
        for rows in (sample, *world.others(sample)):
            assert (rows["light"] * sign >= -1e-12).all()
        assert (sample["angle"] > 0.3).any()
        assert (sample["angle"] < -0.3).any()


@pytest.mark.parametrize(("level", "hidden"), [("image", "choice"), ("phrase", "choice"), ("sentence", "reason")])
def test_a_trial_hides_the_answer_and_the_latents(tmp_path, level, hidden):
    write_trial(SiameseWorld(level=level), tmp_path / "siamese", 6, size=8)
    heads = []
    for part in ("train", "test"):
        with open(tmp_path / "siamese" / part / f"{part}.csv", encoding="utf-8") as file:
            heads.append(set(next(csv.reader(file))))
    assert hidden in heads[0]
    assert not {"choice", "reason", "light", "angle", "shadow_length"} & heads[1]
    assert {"captions"} <= heads[1]


def test_an_unknown_world_level_half_or_view_is_refused():
    for options, told in (({"base": "water"}, "is one of pendulum, spring, slope, refraction, fall"),
                          ({"level": "word"}, "level is one of image, phrase, sentence"),
                          ({"half": "upper"}, "half is one of all, low, high")):  # fmt: skip
        with pytest.raises(OptionError, match=told):
            SiameseWorld(**options)
    with pytest.raises(OptionError, match="one view"):
        WORLD.render(WORLD.sample(1), view="left")
