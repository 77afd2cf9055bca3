"""Questions about worlds: what is answered is the counterfactual, and a row is asked what changes it."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds import PendulumWorld, TownWorld, WhatIfWorld
from aitia.worlds.what_if import BETWEEN, LEVELS


@pytest.mark.parametrize("base", ["pendulum", "town"])
def test_the_picture_that_answers_is_the_counterfactual_of_the_row(base):
    world = WhatIfWorld(base)
    sample = world.sample(60, seed=3)
    rows, which = world.rows(sample, 16).known, world.asked(sample)
    peer = {"pendulum": PendulumWorld, "town": TownWorld}[base]()
    for row in range(60):
        do = dict(world.questions[which[row]].do)
        other = peer.counterfactual(world.own(sample).take([row]), do)
        assert np.array_equal(rows.pictures("after")[row], peer.render(other, size=16)[0])
        assert rows.texts("answer")[row] == world.told(other)[0]
    assert np.array_equal(rows.pictures("image"), peer.render(world.own(sample), size=16))


def test_the_shadow_after_is_where_the_rays_put_it():
    world, base = WhatIfWorld(), PendulumWorld()
    sample = world.sample(200, seed=4)
    after = world.after(sample)
    light, angle = after["light"], after["angle"]
    pivot, ball = -np.tan(light), 0.7 * np.sin(angle) - (1 - 0.7 * np.cos(angle)) * np.tan(light)
    half = 0.12 / np.cos(light)
    low, high = np.minimum(pivot, ball - half), np.maximum(pivot, ball + half)
    noise = {name: base.config.deviation * sample.noise[name] for name in ("shadow_length", "shadow_position")}
    assert np.allclose(after["shadow_length"], (high - low) * (1 + noise["shadow_length"]), atol=1e-9)
    assert np.allclose(after["shadow_position"], (high + low) / 2 + noise["shadow_position"], atol=1e-9)


@pytest.mark.parametrize("base", ["pendulum", "town"])
def test_every_question_changes_what_is_seen_and_is_asked_where_it_may_be(base):
    world = WhatIfWorld(base)
    sample = world.sample(400, seed=5)
    after, which = world.after(sample), world.asked(sample)
    assert (which >= 0).all()
    rows = world.rows(sample, 32).known
    moved = (rows.pictures("image") != rows.pictures("after")).any(axis=(1, 2, 3))
    assert moved.mean() > 0.99, "a tree may stand behind a house"
    assert {world.questions[k].kind for k in which} == set(world.kinds)
    for row, number in enumerate(which):
        for name, label in world.questions[number].needs.items():
            assert sample[name][row] == world.base.latent(name).labels.index(label)
        touched = set(world.questions[number].do)
        still = set(world.base.names) - touched - set(world.base.graph.descendants(sorted(touched)))
        assert all(after[name][row] == sample[name][row] for name in still)


def test_a_door_goes_with_its_house_and_the_answer_says_so():
    world = WhatIfWorld("town")
    sample = world.sample(500, seed=6)
    rows, which = world.rows(sample, 8).known, world.asked(sample)
    gone = [k for k, number in enumerate(which) if world.questions[number].do.get("house") == "absent"]
    with_door = [k for k in gone if sample["door"][k] > 0]
    assert with_door
    assert all(" a door" in rows.texts("caption")[k] for k in with_door)
    assert all("no house" in rows.texts("answer")[k] and "no door" in rows.texts("answer")[k] for k in gone)


def test_parts_of_the_questions_are_apart_and_cover_all():
    words = {asks: {text for one in WhatIfWorld(asks=asks).questions for text in one.words}
             for asks in ("all", "seen", "between", "indirect")}  # fmt: skip
    assert words["seen"] | words["between"] | words["indirect"] == words["all"]
    assert sum(len(words[asks]) for asks in ("seen", "between", "indirect")) == len(words["all"])
    assert words["between"] == {text for text in words["all"] if any(f" {k + 1} of {LEVELS}" in text for k in BETWEEN)}
    assert "what if it were noon?" in words["indirect"]


def test_questions_of_a_row_are_even_among_those_that_fit():
    world = WhatIfWorld()
    sample = world.sample(3000, seed=7)
    which = world.asked(sample)
    counts = np.bincount(which, minlength=len(world.questions))
    assert counts.min() > 0.5 * 3000 / len(world.questions)
    assert counts.max() < 1.5 * 3000 / len(world.questions)
    noon = next(k for k, one in enumerate(world.questions) if one.words[0] == "what if it were noon?")
    near = abs(sample["light"] - 0.0) <= 0.06 * 1.2
    assert near.any()
    assert not (which[near] == noon).any(), "what is nearly so is not asked"


def test_what_there_is_not_is_refused():
    for options in ({"base": "flow"}, {"asks": "none"}, {"base": "town", "asks": "between"}):
        with pytest.raises(OptionError):
            WhatIfWorld(**options)
