"""Physics at the pond, in latents, pixels and words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import OptionError, UnknownVariableError
from aitia.worlds import PondWorld
from aitia.worlds.pond import CAUSES, FAVOURITES, WORDINGS

POND = PondWorld()


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**20))
def test_the_consequences_are_those_of_the_causes(seed):
    fact = POND.sample(16, seed=seed)
    for row in range(16):
        held = fact["hold"][row] == 0
        level = 0 if held else 1 if fact["material"][row] == 0 else 2
        assert fact["level"][row] == level
        assert fact["reflection"][row] == (1 + fact["side"][row] if held else 0)
        assert fact["shadow"][row] == (1 if fact["time"][row] == 0 else 0)


@pytest.mark.parametrize(
    ("do", "level", "reflection"),
    [
        ("do(material=stone)", 2, 0),
        ("do(material=wood)", 1, 0),
        ("do(hold=held)", 0, None),
        ("do(level=air)", 0, None),
    ],
)
def test_a_counterfactual_changes_what_follows_and_nothing_else(do, level, reflection):
    fact = POND.sample(20, seed=3, do="do(hold=dropped)")
    other = POND.counterfactual(fact, do if "hold" in do or "level" in do else do[:-1] + ", hold=dropped)")
    assert (other["level"] == level).all()
    assert (other["reflection"] == (1 + fact["side"] if reflection is None else reflection)).all()
    for name in ("colour", "side", "time", "shadow"):
        assert np.array_equal(other[name], fact[name])


def test_the_pixels_of_a_reflection_are_those_that_change_without_it():
    fact = POND.sample(30, seed=1, do="do(hold=held)")
    without = POND.counterfactual(fact, "do(hold=held, reflection=none)")
    moved = (POND.render(fact, size=64) != POND.render(without, size=64)).any(-1)
    mask = POND.segments(fact, size=64)["reflection"]
    assert not (mask & ~moved).any()
    assert mask.any(axis=(1, 2)).all()
    assert not POND.segments(without, size=64)["reflection"].any()


def test_a_ball_lies_in_the_half_that_is_said_and_the_shadow_away_from_the_sun():
    fact = POND.sample(40, seed=2)
    masks = POND.segments(fact, size=32)
    for row in range(40):
        columns = {name: np.flatnonzero(masks[name][row].any(0)).mean() for name in ("ball", "sun", "shadow")}
        assert (columns["ball"] > 15.5) == (fact["side"][row] == 1)
        assert (columns["sun"] > 15.5) != (columns["shadow"] > 15.5)
        high = 31 - np.flatnonzero(masks["ball"][row].any(1)).mean()
        assert [high > 20, 12 < high <= 20, high <= 12][int(fact["level"][row])]


def test_materials_go_with_colours_in_train_alone():
    for env, share in (("train", 0.95), ("balanced", 0.5)):
        fact = POND.sample(4000, seed=0, env=env)
        favourite = FAVOURITES[fact["colour"].astype(int)]
        assert abs((fact["material"] == favourite).mean() - share) < 0.03
    with pytest.raises(OptionError, match="rho is from 0 to below 1"):
        PondWorld(rho=1.0)
    with pytest.raises(OptionError, match="one view"):
        POND.render(POND.sample(1), view="side")


def test_captions_tell_causes_alone_and_a_counterfactual_keeps_the_wording():
    fact = POND.sample(200, seed=4, env="balanced")
    said = {style: POND.captions(fact, style=style) for style in ("plain", "varied", "unseen")}
    for row, text in enumerate(said["varied"]):
        assert all(CAUSES[name][int(fact[name][row])] in text.split() for name in CAUSES)
    assert not {"afloat", "sunk", "air", "shadow"} & {word for text in said["varied"] for word in text.split()}
    assert len({text.split()[0] + text.split()[3] for text in said["varied"]}) > 2
    assert not set(said["unseen"]) & set(said["varied"])
    words = {word for wording in WORDINGS[:-1] for word in wording.split()}
    assert set(WORDINGS[-1].split()) <= words
    other = POND.captions(POND.counterfactual(fact, "do(side=left)"), style="varied")
    assert other == [text.replace(" right", " left") for text in said["varied"]]
    one = POND.sample(1, do="do(colour=red, material=wood, hold=held, side=left, time=morning)")
    assert POND.captions(one) == ["a red wood ball held left in the morning"]
    assert POND.captions(one, about=("colour", "hold")) == ["a red ball held"]
    with pytest.raises(UnknownVariableError, match="level"):
        POND.captions(one, about=("level",))
