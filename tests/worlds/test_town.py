"""The town, and what is exact about pictures of still worlds: their pixels and their words."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import OptionError, UnknownVariableError
from aitia.worlds import PushWorld, QuestionsWorld, ShapesWorld, TownWorld
from aitia.worlds.questions import WORDINGS

TOWN = TownWorld(marked=0.3)


@pytest.mark.parametrize("thing", ["house", "tree", "sun", "mark"])
def test_the_pixels_of_a_thing_are_those_that_change_without_it(thing):
    fact = TOWN.sample(40, seed=1, do={"door": "absent"})
    without = TOWN.counterfactual(fact, {thing: "absent", "door": "absent"})
    moved = (TOWN.render(fact, size=64) != TOWN.render(without, size=64)).any(-1)
    mask = TOWN.segments(fact, size=64)[thing]
    assert not (mask & ~moved).any(), "every pixel that shows it changes"
    assert mask.sum() > 0.7 * moved.sum(), "and all but soft edges of what changes shows it"
    shown = mask.any(axis=(1, 2))
    assert not (shown & (fact[thing] == 0)).any()
    if thing in ("house", "mark"):  # nothing hides them whole
        assert shown.sum() == (fact[thing] == 1).sum()


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**20))
def test_no_pixel_shows_two_things_and_a_door_needs_a_house(seed):
    fact = TOWN.sample(8, seed=seed)
    masks = TOWN.segments(fact, size=32)
    assert sum(mask.astype(int) for mask in masks.values()).max() <= 1
    assert not ((fact["door"] == 1) & (fact["house"] == 0)).any()
    bare = TOWN.counterfactual(fact, {"house": "absent"})
    assert not TOWN.segments(bare, size=32)["door"].any()


def test_the_mark_is_on_the_share_that_is_said():
    assert TownWorld().sample(500, seed=0)["mark"].sum() == 0
    assert abs(TOWN.sample(4000, seed=0)["mark"].mean() - 0.3) < 0.03
    with pytest.raises(OptionError, match="share from 0 to 1"):
        TownWorld(marked=2)
    with pytest.raises(OptionError, match="one view"):
        TOWN.render(TOWN.sample(1), view="side")


@pytest.mark.parametrize("style", ["plain", "varied", "unseen"])
def test_captions_tell_what_is_there(style):
    fact = TOWN.sample(30, seed=2)
    said = TOWN.captions(fact, style=style, about=["tree", "sun"])
    present = [sum("present" in part for part in text.split(", ")) for text in said]
    assert present == (fact["tree"] + fact["sun"]).astype(int).tolist()
    with pytest.raises(UnknownVariableError):
        TOWN.captions(fact, about=["mark"])


def test_a_question_picture_is_captioned_in_its_words_and_a_counterfactual_keeps_the_wording():
    world = QuestionsWorld()
    fact = world.sample(200, seed=3)
    said = world.captions(fact, style="varied")
    other = world.captions(world.counterfactual(fact, {"colour": "blue"}), style="varied")
    colours = [world.latent("colour").labels[int(code)] for code in fact["colour"]]
    swapped = [re.sub(rf"\b{colour}\b", "blue", text) for text, colour in zip(said, colours, strict=True)]
    assert swapped == other
    assert len({text.split()[0] for text in said}) > 3
    assert not set(world.captions(fact, style="unseen")) & set(said)
    plain = world.sample(1, do={"size": "large", "colour": "amber", "texture": "plain", "shape": "ring"})
    assert world.captions(plain) == ["a large amber plain ring"]
    assert world.captions(plain, about=["colour", "shape"]) == ["an amber ring"]
    assert world.captions(plain, about=["size"]) == ["a large thing"]
    assert world.captions(plain, style="unseen", about=["shape"]) == ["a picture of the ring"]
    words = {word for wording in WORDINGS[:-1] for word in wording.split()}
    assert set(WORDINGS[-1].split()) <= words
    with pytest.raises(UnknownVariableError):
        world.captions(fact, about=["grain"])


@pytest.mark.parametrize(
    ("world", "parts"),
    [
        (QuestionsWorld(), {"thing", "pattern", "hole"}),
        (ShapesWorld(grain=0.0), {"shape", "patch"}),
        (PushWorld(), {"trail", "first", "second"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_segments_of_other_still_worlds_are_of_the_parts_and_apart(world, parts):
    fact = world.sample(20, seed=0)
    masks = world.segments(fact, size=32)
    assert set(masks) == parts
    assert sum(mask.astype(int) for mask in masks.values()).max() <= 1
    assert all(mask.shape == (20, 32, 32) for mask in masks.values())


def test_where_a_patch_is_seen_is_where_it_is_missed():
    world = ShapesWorld(grain=0.0)
    fact = world.sample(30, seed=0, do={"patch": "present"})
    moved = world.render(fact, size=32) != world.render(world.counterfactual(fact, {"patch": "absent"}), size=32)
    mask = world.segments(fact, size=32)["patch"]
    assert mask.any(axis=(1, 2)).all()
    assert not (mask & ~moved.any(-1)).any()


def test_shapes_are_told_in_words():
    world = ShapesWorld()
    one = world.sample(1, do={"shape": "cross", "patch": "present", "x": 0.0})
    assert world.captions(one, about=["shape", "patch", "x"]) == [
        "a cross, the patch is present, it lies in the middle"
    ]
    assert np.unique([len(set(world.captions(world.sample(50), style=s))) for s in ("plain", "varied")]).size == 2
