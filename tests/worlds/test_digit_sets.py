"""Sets of digits: answers by hand, pictures of their digits and parts, counterfactuals that leave the rest alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import OptionError
from aitia.worlds import DigitSetsWorld
from aitia.worlds.digits import DIGITS, digit_tokenizer, digits, pictures

WORLD = DigitSetsWorld()
RULES = {
    "sum": lambda shown: sum(shown) % 10,
    "maximum": max,
    "minimum": min,
    "even": lambda shown: sum(digit % 2 == 0 for digit in shown),
}


def number(word):
    return DIGITS.index(word)


@given(st.integers(0, 10_000), st.sampled_from([2, 3]))
@settings(deadline=None, max_examples=15)
def test_answer_and_reasoning_are_those_of_the_digits_that_are_there(seed, most):
    world = DigitSetsWorld(most)
    sample = world.sample(12, seed=seed)
    rows = world.rows(sample)
    for row, told in enumerate(rows.texts("reasoning")):
        words = told.split()
        size = len(words) // 2 - 1
        shown, question = [number(word) for word in words[1 : 2 * size : 2]], words[-2]
        assert shown == [int(sample[place][row]) for place in world.places[:size]]
        assert size == (int(sample["count"][row]) + 2 if most == 3 else 2)
        assert number(words[-1]) == RULES[question](shown) == int(sample["answer"][row])
        assert rows.labels("task")[row].startswith(question)
        assert [bool(rows.absent(place)[row]) for place in world.places] == [k >= size for k in range(most)]


def test_a_target_is_a_sentence_with_the_answer_or_a_picture_of_it():
    sample = WORLD.sample(200, seed=3, env="test")
    rows, held = WORLD.rows(sample), digits("test")
    shown = pictures(held.images)
    gone = rows.absent("positive_picture")
    assert np.array_equal(gone, ~rows.absent("positive"))
    assert 0.4 < gone.mean() < 0.6
    for row in range(200):
        answer = rows.texts("answer")[row]
        if gone[row]:
            assert answer in rows.texts("positive")[row].split()
            continue
        own = [k for k in range(len(held)) if np.array_equal(shown[k], rows.pictures("positive_picture")[row])]
        assert answer in {DIGITS[held.digit[k]] for k in own}


def test_pictures_held_back_stay_as_they_are_and_the_others_are_moved():
    test = {picture.tobytes() for picture in pictures(digits("test").images)}
    train = {picture.tobytes() for picture in pictures(digits("train").images)}
    kept = {env: WORLD.rows(WORLD.sample(150, seed=4, env=env)).pictures("first") for env in ("train", "test")}
    assert all(picture.tobytes() in test for picture in kept["test"])
    assert not any(picture.tobytes() in test for picture in kept["train"])
    assert 0.02 < np.mean([picture.tobytes() in train for picture in kept["train"]]) < 0.3  # 1 of 9 is not moved


def test_another_digit_changes_its_picture_and_the_answer_and_nothing_else():
    sample = WORLD.sample(60, seed=5)
    other = WORLD.counterfactual(sample, {"first": "seven"})
    before, after = WORLD.rows(sample), WORLD.rows(other)
    changed = sample["first"] != 7
    for column in ("second", "third"):
        assert np.array_equal(before.pictures(column), after.pictures(column))
        assert np.array_equal(before.absent(column), after.absent(column))
    moved = (before.pictures("first") != after.pictures("first")).any(axis=(1, 2, 3))
    assert np.array_equal(moved, changed)
    assert before.texts("instruction") == after.texts("instruction")
    for row, (one, two) in enumerate(zip(before.texts("positive"), after.texts("positive"), strict=True)):
        said = {before.texts("answer")[row]: after.texts("answer")[row]}
        assert [said.get(word, word) for word in one.split()] == two.split()


def test_the_text_is_the_tokens_of_the_pictures_and_the_question():
    sample = WORLD.sample(10, seed=6)
    rows, vq = WORLD.rows(sample), digit_tokenizer()
    for row, text in enumerate(WORLD.render(sample)):
        held = [p for p in WORLD.places if not rows.absent(p)[row]]
        codes = np.concatenate([vq.encode(rows.pictures(p)[[row]])[0] for p in held])
        words = [f"<image:{code}>" for code in codes] + rows.texts("instruction")[row].split()
        assert text.split() == words
        assert set(words) <= set(WORLD.vocabulary)


def test_sets_are_of_two_or_three():
    with pytest.raises(OptionError, match="2 or 3"):
        DigitSetsWorld(4)
