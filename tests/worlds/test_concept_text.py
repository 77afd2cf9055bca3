"""Texts of concepts: the posterior is that of going through all states by hand, and do(c) keeps the noise of words."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import CostError, DataError, OptionError
from aitia.worlds import ConceptTextWorld
from aitia.worlds.concept_text import EVEN, LETTERS


def by_hand(world, text):
    """p(c = state, x) for each state, one probability after the other."""
    words, found = text.split(), {}
    for state in product((0, 1), repeat=world.count):
        values = dict(zip(world.names_of_concepts, state, strict=True))
        prior = 1.0
        for name in world.names_of_concepts:
            log_odds = world._biases[name] + sum(
                world._weights[parent, name] * (2 * values[parent] - 1) for parent in world.graph.parents(name)
            )
            present = 1 / (1 + np.exp(-log_odds))
            prior *= present if values[name] else 1 - present
        number = np.array([sum(value << k for k, value in enumerate(state))])
        total = 0.0
        for style in range(3):
            chance = 1 / 3
            for j, word in enumerate(words):
                chance *= world._word_shares(j, number)[0, style, LETTERS.index(word[0])]
            total += chance
        found[state] = prior * total
    return found


@settings(deadline=None, max_examples=12)
@given(concepts=st.integers(1, 4), words=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_the_posterior_is_that_of_going_through_every_state_by_hand(concepts, words, seed):
    world = ConceptTextWorld(concepts, words, choices=3, next_choices=5, world_seed=seed)
    texts = list(world.render(world.sample(3, seed=seed)))
    posterior, log_odds = world.posterior(texts), world.log_odds(texts)
    for row, text in enumerate(texts):
        joint = by_hand(world, text)
        mass = sum(joint.values())
        for k in range(concepts):
            present = sum(p for state, p in joint.items() if state[k]) / mass
            assert np.isclose(posterior[row, k], present, rtol=1e-9, atol=1e-12)
            assert np.isclose(log_odds[row, k], np.log(present / (1 - present)), rtol=1e-7, atol=1e-9)


def test_what_is_drawn_has_the_probabilities_that_are_said():
    world = ConceptTextWorld(concepts=2, words=2, choices=2, next_choices=3, world_seed=4)
    sample = world.sample(60_000, seed=1)
    texts, concepts = world.render(sample), np.stack([sample["c1"], sample["c2"]], axis=1)
    following = np.array([int(word[1:]) - 1 for word in world.next_words(sample)])
    for text in sorted(set(texts.tolist())):
        here = texts == text
        slack = 4.5 * np.sqrt(0.25 / here.sum())  # of a share, at 4.5 standard deviations
        assert np.abs(concepts[here].mean(axis=0) - world.posterior([text])[0]).max() < slack
        seen = np.bincount(following[here], minlength=3) / here.sum()
        assert np.abs(seen - world.next_probabilities([text])[0]).max() < slack


def test_shares_are_shares_and_no_word_is_impossible():
    world = ConceptTextWorld(concepts=3, words=2)
    shares = world._word_shares(1, np.arange(8))
    assert shares.shape == (8, 3, 6)
    assert np.allclose(shares.sum(axis=2), 1)
    assert shares.min() >= EVEN / 6
    assert np.allclose(world._next_shares(np.arange(8)).sum(axis=1), 1)
    assert np.array_equal(world._word_shares(1, np.array([5, 2])), shares[[5, 2]])


def test_what_is_drawn_for_a_state_is_dirichlet():
    # Of Dirichlet(a) over k parts the mean of a part is 1/k and its variance (k - 1) / (k^2 (k a + 1)).
    world = ConceptTextWorld(concepts=12, words=1)
    drawn = (world._word_shares(0, np.arange(4096)) - EVEN / 6) / (1 - EVEN)
    assert abs(drawn[:, :, 0].mean() - 1 / 6) < 0.01
    assert abs(drawn.var(axis=(0, 1)).mean() - 5 / (36 * (6 * 0.35 + 1))) < 0.002


def test_a_concept_set_anew_keeps_the_noise_of_every_word():
    world = ConceptTextWorld(concepts=4, words=6)
    fact = world.sample(400, seed=3)
    sides = [world.counterfactual(fact, {"c2": label}) for label in ("absent", "present")]
    texts, others = world.render(fact), [world.render(side) for side in sides]
    natural = fact["c2"].astype(int)
    untouched = [row for row in range(400) if texts[row] == others[natural[row]][row]]
    assert len(untouched) == 400  # the value that it had anyway
    assert np.mean(others[0] != others[1]) > 0.9
    assert all(np.array_equal(side["style"], fact["style"]) for side in sides)


def test_too_many_states_are_refused_and_drawing_goes_on():
    world = ConceptTextWorld(concepts=17, words=3)
    texts = list(world.render(world.sample(3)))
    with pytest.raises(CostError, match=r"17 concepts have 2\^17 joint states.*estimate with draws"):
        world.posterior(texts)
    assert world.posterior(texts, draws=200).shape == (3, 17)
    small = ConceptTextWorld(concepts=4, words=3)
    texts = list(small.render(small.sample(40)))
    assert np.abs(small.posterior(texts, draws=20_000) - small.posterior(texts)).max() < 0.05


def test_more_words_tell_more():
    apart = [ConceptTextWorld(words=n).epsilon(ConceptTextWorld(words=n).sample(500, seed=2)) for n in (2, 6, 12)]
    assert apart[0] > apart[1] > apart[2]


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: ConceptTextWorld(concepts=0), OptionError, "1 to 40 concepts"),
        (lambda: ConceptTextWorld(choices=1), OptionError, "2 to 26 choices"),
        (lambda: ConceptTextWorld(words=2).posterior(["a1 b2", "a1 z9"]), DataError, "row 1 is 'a1 z9'"),
        (lambda: ConceptTextWorld(words=2).posterior(["a1"]), DataError, "no context of 2 words"),
        (lambda: ConceptTextWorld(words=2).posterior(["a1 b2"], draws=0), OptionError, "draws is 1 or more"),
    ],
)
def test_what_cannot_be_is_refused(call, error, told):
    with pytest.raises(error, match=told):
        call()
