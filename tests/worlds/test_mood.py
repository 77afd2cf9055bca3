"""Moods: the joint law is the stated one, and do(gender) rewrites what tells the gender and nothing else."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds.mood import AGREES, CORRELATIONS, LEANS, NAMES, PRONOUNS, MoodWorld


@pytest.mark.parametrize("env", CORRELATIONS)
def test_gender_goes_with_mood_and_place_as_stated(env):
    sample = MoodWorld().sample(40_000, seed=1, env=env)
    lean = np.array(list(LEANS.values()))[sample["mood"].astype(int)]
    for sign, wanted in ((1, CORRELATIONS[env]), (-1, 1 - CORRELATIONS[env]), (0, 0.5)):
        assert abs(sample["gender"][lean == sign].mean() - wanted) < 0.02
    for gender in (0, 1):
        outdoors = sample["place"][sample["gender"] == gender].mean()
        assert abs(outdoors - (AGREES if gender else 1 - AGREES)) < 0.02
    # Given gender the place says nothing more of the mood: (1) has no edge between them.
    male = sample["gender"] == 1
    of_mood = [sample["place"][male & (sample["mood"] == y)].mean() for y in range(5)]
    assert np.ptp(of_mood) < 0.08


def test_another_gender_rewrites_names_and_pronouns_and_nothing_else():
    world = MoodWorld()
    fact = world.sample(300, seed=2)
    flipped = [world.render(world.counterfactual(fact, f"do(gender={value})")) for value in ("female", "male")]
    gendered = {*NAMES[0], *NAMES[1], *PRONOUNS}
    for before, *others in zip(world.render(fact), *flipped, strict=True):
        assert before in others
        for after in others:
            pairs = list(zip(before.split(), after.split(), strict=True))
            assert all(a == b or {a, b} <= gendered for a, b in pairs)
        assert others[0] != others[1]


def test_every_word_is_in_the_vocabulary_and_has_one_tag():
    world = MoodWorld()
    texts = world.render(world.sample(500, seed=3)).tolist()
    assert {word for text in texts for word in text.split()} <= set(world.vocabulary)
    tags = world.tags(texts)
    assert all(len(line.split()) == len(text.split()) for line, text in zip(tags, texts, strict=True))
    assert all(line.split()[1] == "name" and line.split()[3] == "mood" for line in tags)


def test_correlations_are_probabilities():
    assert MoodWorld({"even": 0.5}).environments == ("even",)
    for wrong in ({}, {"too much": 1.2}):
        with pytest.raises(OptionError, match="a probability for each environment"):
            MoodWorld(wrong)
