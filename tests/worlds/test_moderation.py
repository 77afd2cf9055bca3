"""Requests: what a text owes to each concept, and the environments."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds import ModerationWorld
from aitia.worlds.moderation import INTENTS, PLATFORMS, STYLES, TARGETS

WORLD = ModerationWorld()


def test_style_says_the_intent_as_often_as_the_environment_has_it():
    for label, share in (("train", 0.9), ("balanced", 0.5), ("reversed", 0.1)):
        sample = WORLD.sample(20_000, seed=1, env=label)
        assert abs((sample["style"] == sample["intent"]).mean() - share) < 3 * (0.25 / 20_000) ** 0.5


def test_the_environments_share_their_seed_and_differ_in_style_alone():
    one, other = (WORLD.sample(300, seed=2, env=label) for label in ("train", "reversed"))
    assert all(np.array_equal(one[name], other[name]) for name in ("platform", "motivation", "target", "intent"))
    assert not np.array_equal(one["style"], other["style"])


def test_two_of_a_platforms_targets_are_four_in_five_of_what_it_is_about():
    sample = WORLD.sample(20_000, seed=3, env="train")
    for platform in (0, 1):
        favourites = np.isin(sample["target"][sample["platform"] == platform], [2 * platform, 2 * platform + 1])
        assert abs(favourites.mean() - 0.8) < 0.02


def test_keywords_read_style_target_and_platform_always_and_the_intent_where_a_word_says_it():
    sample = WORLD.sample(4000, seed=4)
    texts = list(WORLD.render(sample))
    for name in ("style", "target", "platform"):
        assert np.array_equal(WORLD.read(texts, name), sample[name])
    read = WORLD.read(texts, "intent")
    told = read >= 0
    assert np.array_equal(read[told], sample["intent"][told])
    assert abs(told.mean() - 0.75) < 0.03
    assert (ModerationWorld(ambiguity=0).read(list(ModerationWorld(ambiguity=0).render(sample)), "intent") >= 0).all()


@pytest.mark.parametrize(("name", "labels", "count"), [("style", STYLES, 3), ("target", TARGETS, 2)])
def test_setting_style_or_target_rewrites_its_own_words_and_no_other(name, labels, count):
    fact = WORLD.sample(400, seed=5)
    before = WORLD.render(fact)
    for code, label in enumerate(labels):
        after = WORLD.render(WORLD.counterfactual(fact, {name: label}))
        assert (WORLD.read(list(after), name) == code).all()
        for row, (old, new) in enumerate(zip(before, after, strict=True)):
            assert len(old.split()) == len(new.split())
            changed = sum(a != b for a, b in zip(old.split(), new.split(), strict=True))
            assert changed == (0 if fact[name][row] == code else count)


def test_the_label_has_no_arrow_into_the_text_and_the_motivation_has():
    fact = WORLD.sample(200, seed=6)
    named = WORLD.counterfactual(fact, {"intent": INTENTS[1]})
    assert np.array_equal(WORLD.render(fact), WORLD.render(named))
    angry = list(WORLD.render(WORLD.counterfactual(fact, "do(motivation=1)")))
    assert set(WORLD.read(angry, "intent")) == {-1, 1}


def test_texts_have_eleven_to_fourteen_words_of_the_vocabulary():
    texts = [text.split() for text in WORLD.render(WORLD.sample(3000, seed=7))]
    assert {len(words) for words in texts} == {11, 12, 13, 14}
    assert {word for words in texts for word in words} == set(WORLD.vocabulary)


def test_a_text_that_says_nothing_or_both_is_read_as_none():
    assert WORLD.read(["the was", "late perfect", "late"], "intent").tolist() == [-1, -1, 1]
    assert WORLD.read([], "style").tolist() == []
    assert PLATFORMS[int(WORLD.read(["basket"], "platform")[0])] == "store"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ambiguity": 1.5}, "ambiguity is a probability, got 1.5"),
        ({"agreement": {"train": 1.0}}, r"lies in \[0.04, 0.96\], got 1.0 for 'train'"),
    ],
)
def test_numbers_that_are_no_probabilities_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        ModerationWorld(**options)


def test_an_unknown_concept_has_no_keywords():
    with pytest.raises(OptionError, match="keywords tell intent, style, target, platform, not 'mood'"):
        WORLD.read(["late"], "mood")
