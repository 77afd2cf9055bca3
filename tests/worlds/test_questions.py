"""Questions about pictures: the prior is as strong as it says, and the exact answers are those of the simulation."""

import numpy as np
import pytest
from scipy.stats import norm

from aitia.do import Categorical, Intervention
from aitia.errors import OptionError
from aitia.worlds import QuestionsWorld
from aitia.worlds.questions import ATTRIBUTES, SHAPES, TYPES

WORLD = QuestionsWorld(rho=0.7, sigma=0.6, seed=5)
EVEN = Intervention({name: Categorical(dict.fromkeys(words, 1 / len(words))) for name, words in ATTRIBUTES.items()})


def calibration(answers, sample):
    """For each decile of the probabilities, the mean probability and how often that answer is right."""
    p = answers.ravel()
    right = (np.arange(answers.shape[1])[None] == sample["answer"][:, None]).ravel()
    groups = [(p >= low) & (p < low + 0.1) for low in np.arange(0.0, 1.0, 0.1)]
    return [(p[g].mean(), right[g].mean(), g.sum()) for g in groups if g.sum() > 300]


def test_the_favourite_comes_up_as_often_as_the_prior_says_and_elsewhere_has_moved():
    for env, step in (("train", 0), ("rotated", 1)):
        sample = WORLD.sample(30_000, seed=1, env=env)
        for name, words in ATTRIBUTES.items():
            favourite = (WORLD.favourites[name] + step * len(words) // 2) % len(words)
            share = (sample[name] == favourite[sample["shape"].astype(int)]).mean()
            assert abs(share - (0.7 + 0.3 / len(words))) < 0.015
    even = WORLD.sample(30_000, seed=1, env="balanced")
    for name, words in ATTRIBUTES.items():
        table = np.histogram2d(even["shape"], even[name], bins=(len(SHAPES), len(words)))[0]
        assert abs(table / 30_000 - 1 / table.size).max() < 0.005


def test_the_answer_is_the_attribute_that_is_asked_for():
    sample = WORLD.sample(200, seed=2)
    for row in range(200):
        asked = TYPES[int(sample["type"][row])]
        assert WORLD.answers[int(sample["answer"][row])] == ATTRIBUTES[asked][int(sample[asked][row])]


def test_the_exact_answer_is_bayes_rule_with_the_densities_of_the_vector():
    sample = WORLD.sample(40, seed=3, env="train")
    vectors, given, done = WORLD.vectors(sample), WORLD.answer_given(sample), WORLD.answer_under_do(sample)
    for row in range(40):
        asked = TYPES[int(sample["type"][row])]
        words, first = ATTRIBUTES[asked], {"colour": 6, "size": 14, "texture": 20}[asked]
        shown = vectors[row, first : first + len(words)]
        likely = np.array([norm.pdf(shown, np.eye(len(words))[k], 0.6).prod() for k in range(len(words))])
        prior = WORLD.prior(asked, "train")[int(sample["shape"][row])]
        place = [WORLD.answers.index(word) for word in words]
        assert np.allclose(given[row, place], prior * likely / (prior * likely).sum())
        assert np.allclose(done[row, place], likely / likely.sum())
        assert np.isclose(given[row].sum(), 1)


def test_p_of_y_given_do_image_is_what_a_simulated_intervention_shows():
    """The pictures are set evenly, whatever is asked: the exact answer is calibrated, that of the prior is not."""
    sample = WORLD.sample(30_000, seed=4, env="train", do=EVEN)
    for told, seen, count in calibration(WORLD.answer_under_do(sample), sample):
        assert abs(told - seen) < 4 * np.sqrt(0.25 / count)
    assert max(abs(told - seen) for told, seen, _ in calibration(WORLD.answer_given(sample), sample)) > 0.1


def test_p_of_y_given_x_is_what_is_seen_where_its_prior_holds():
    for env in WORLD.environments:
        sample = WORLD.sample(30_000, seed=5, env=env)
        for told, seen, count in calibration(WORLD.answer_given(sample, env), sample):
            assert abs(told - seen) < 4 * np.sqrt(0.25 / count)


def test_another_question_about_the_same_picture_leaves_the_picture():
    fact = WORLD.sample(30, seed=6)
    other = WORLD.counterfactual(fact, "do(type=size)")
    assert np.array_equal(WORLD.render(other, size=24), WORLD.render(fact, size=24))
    assert np.array_equal(WORLD.vectors(other), WORLD.vectors(fact))
    assert all(text.startswith("what size has the ") for text in WORLD.texts(other))
    assert np.array_equal(WORLD.questions(other)[:, 3:], WORLD.questions(fact)[:, 3:])


def test_another_colour_moves_the_colour_alone_and_keeps_the_grain():
    fact = WORLD.sample(30, seed=7)
    red = WORLD.counterfactual(fact, "do(colour=red)")
    moved = WORLD.vectors(red) - WORLD.vectors(fact)
    assert np.allclose(moved[:, :6], 0)
    assert np.allclose(moved[:, 14:], 0)
    assert np.allclose(np.abs(moved[:, 6:14]).sum(axis=1), 2 * (fact["colour"] != 0))


def test_the_noise_of_the_vector_is_standard_normal_times_sigma_and_independent_of_what_is_shown():
    sample = WORLD.sample(5000, seed=8)
    shown = [np.eye(len(SHAPES))[sample["shape"].astype(int)]]
    shown += [np.eye(len(words))[sample[name].astype(int)] for name, words in ATTRIBUTES.items()]
    noise = (WORLD.vectors(sample) - np.concatenate(shown, axis=1)) / 0.6
    assert abs(noise.mean(axis=0)).max() < 5 / 5000**0.5
    assert abs(np.cov(noise.T) - np.eye(26)).max() < 0.1
    assert abs(np.quantile(noise, norm.cdf([-2, -1, 1, 2])) - [-2, -1, 1, 2]).max() < 0.03


def test_every_value_of_every_attribute_can_be_seen():
    """A picture is closer to the mean picture of its own value than to that of another, mostly."""
    quiet = QuestionsWorld(rho=0.0, sigma=0.05)
    for name, words in ATTRIBUTES.items():
        held = {"shape": "square", "colour": "blue", "size": "large", "texture": "plain"}
        pictures = []
        for word in words:
            done = Intervention({**held, name: word})
            sample = quiet.sample(6, seed=9, env="balanced", do=done)
            pictures.append(quiet.render(sample, size=24).astype(float))
        centres = [p.mean(axis=0) for p in pictures]
        for k, each in enumerate(pictures):
            near = [np.argmin([((picture - centre) ** 2).sum() for centre in centres]) for picture in each]
            assert near == [k] * 6, (name, words[k])


def test_options_out_of_range_are_refused():
    with pytest.raises(OptionError, match="rho is from 0 to below 1, got 1"):
        QuestionsWorld(rho=1)
    with pytest.raises(OptionError, match="sigma is positive, got 0"):
        QuestionsWorld(sigma=0)
    with pytest.raises(OptionError, match="one view, the picture"):
        WORLD.render(WORLD.sample(1), view="front")
