"""The varieties: sound shifts that can be undone, parallel sentences, the tree, and what is refused."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds import VarietiesWorld
from aitia.worlds.varieties import CONSONANTS, STANDARD, VOWELS

WORLDS = [VarietiesWorld(world_seed=seed) for seed in range(5)]


@pytest.mark.parametrize("world", WORLDS, ids=range(5))
def test_a_shift_moves_four_consonants_and_two_vowels_and_can_be_undone(world):
    for name, shift in world.shifts.items():
        assert sum(letter in CONSONANTS for letter in shift) == 4, name
        assert sum(letter in VOWELS for letter in shift) == 2
        assert sorted(shift) == sorted(shift.values())
        assert all(letter in CONSONANTS for a, letter in shift.items() if a in CONSONANTS)


@pytest.mark.parametrize("world", WORLDS, ids=range(5))
def test_every_word_follows_the_shift_or_is_the_dialects_own(world):
    for name in world.varieties[1:]:
        table, own = str.maketrans(dict(world.shifts[name])), set(world.replacements[name])
        for gloss, standard, form in zip(world.glosses, world.forms[STANDARD], world.forms[name], strict=True):
            assert (standard.translate(table) == form) == (gloss not in own), (name, gloss)
        assert len(own) == 40


def test_words_of_a_variety_differ_and_are_made_of_the_syllables():
    for world in WORLDS:
        for forms in world.forms.values():
            assert len(set(forms)) == len(forms)
            assert {form[k : k + 2] for form in forms for k in range(0, len(form), 2)} <= set(world.syllables)


@pytest.mark.parametrize("world", WORLDS, ids=range(5))
def test_dialects_of_one_branch_are_nearer_than_those_of_two(world):
    for branch, other in (("west", "east"), ("east", "west")):
        siblings = world.distance(f"{branch}-coast", f"{branch}-hill")
        assert siblings < min(world.distance(f"{branch}-coast", f"{other}-{end}") for end in ("coast", "hill"))
        assert siblings < world.distance(f"{branch}-coast", "island")
    assert world.distance("island", "island") == 0.0
    assert world.distance("island", STANDARD) == world.distance(STANDARD, "island")


def test_dialects_of_one_branch_share_half_of_their_replacements():
    world = WORLDS[0]
    shared = set(world.replacements["west-coast"]) & set(world.replacements["west-hill"])
    assert {world.forms["west-coast"][k] for k, g in enumerate(world.glosses) if g in shared}
    assert len(shared) >= 20


def test_parallel_sentences_say_the_same_concepts():
    world = WORLDS[1]
    fact = world.sample(50, seed=3)
    for name in world.varieties:
        said = world.counterfactual(fact, {"variety": name})
        assert world.meaning(said) == world.meaning(fact)
        words = dict(zip(world.glosses, world.forms[name], strict=True))
        expected = [" ".join(words[gloss] for gloss in row.split()) for row in world.meaning(fact)]
        assert world.render(said).tolist() == expected


def test_concepts_follow_zipfs_law():
    world = VarietiesWorld(concepts=20, words=4)
    fact = world.sample(5000, seed=0)
    codes = np.concatenate([fact[f"concept_{k + 1}"] for k in range(4)]).astype(int)
    law = 1 / np.arange(1, 21) / (1 / np.arange(1, 21)).sum()
    assert np.abs(np.bincount(codes, minlength=20) / len(codes) - law).max() < 0.01


def test_borrowing_puts_words_of_the_standard_into_dialects():
    plain, mixed = VarietiesWorld(), VarietiesWorld(borrowing=0.3)
    fact = mixed.sample(2000, seed=0, do={"variety": "east-hill"})
    own, said = plain.render(fact), mixed.render(fact)
    standard = plain.render(plain.counterfactual(fact, {"variety": STANDARD}))
    words = [word for row in zip(own, said, standard, strict=True) for word in zip(*map(str.split, row), strict=True)]
    differ = [(a, b, c) for a, b, c in words if a != c]
    assert all(b in (a, c) for a, b, c in differ)
    assert abs(np.mean([b == c for _, b, c in differ]) - 0.3) < 0.02


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"concepts": 1}, "2 to 2000 concepts and 1 to 50 words, got 1 and 4"),
        ({"words": 0}, "got 200 and 0"),
        ({"replaced": 1.5}, "replaced and borrowing are shares"),
        ({"zipf": -1.0}, "zipf is 0 to 5"),
    ],
)
def test_numbers_out_of_range_are_refused(options, sentence):
    with pytest.raises(OptionError, match=sentence):
        VarietiesWorld(**options)


def test_an_unknown_variety_is_refused():
    with pytest.raises(OptionError, match="no variety 'north', there are standard, west-coast"):
        WORLDS[0].distance("north", STANDARD)
