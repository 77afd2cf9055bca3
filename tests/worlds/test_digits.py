"""Digits: facts against hand-made pictures and scikit-learn's own, parts that share nothing, moves undone by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import shift as scipy_shift

from aitia.errors import DataError
from aitia.worlds.digits import DIGITS, SLANTS, STROKES, digit_tokenizer, digits, pictures, shifted, slant_of

TRAIN, TEST = digits("train"), digits("test")


def test_the_parts_are_the_pictures_of_scikit_learn_each_once_with_its_class():
    from sklearn.datasets import load_digits

    held = load_digits()
    ours = sorted(
        (*image.ravel().tolist(), k) for d in (TRAIN, TEST) for image, k in zip(d.images, d.digit, strict=True)
    )
    assert ours == sorted((*map(int, image), int(k)) for image, k in zip(held.data, held.target, strict=True))


def test_every_combination_of_facts_has_pictures_in_both_parts():
    for digit in range(len(DIGITS)):
        for stroke in range(len(STROKES)):
            for slant in range(len(SLANTS)):
                assert len(TRAIN.having(digit, stroke, slant)) >= 2
                assert len(TEST.having(digit, stroke, slant)) >= 1


def test_facts_are_in_the_order_of_what_they_measure_within_a_class():
    for part in (TRAIN, TEST):
        ink, lean = part.images.reshape(len(part), -1).mean(axis=1), slant_of(part.images)
        for digit in range(len(DIGITS)):
            own = part.digit == digit
            for code, values in ((part.stroke, ink), (part.slant, lean)):
                for k in (0, 1):
                    assert values[own & (code == k)].max() <= values[own & (code == k + 1)].min()
    shares = [
        np.bincount(np.concatenate([TRAIN.stroke, TEST.stroke])),
        np.bincount(np.concatenate([TRAIN.slant, TEST.slant])),
    ]
    assert all(abs(count - 1797 / 3) < 20 for of in shares for count in of)


def test_a_sheared_bar_leans_by_its_shear():
    # A bar whose row y above the bottom stands y * k columns further right leans by k.
    for step in (-1, 0, 1):
        image = np.zeros((1, 8, 20), dtype=np.uint8)
        for y in range(8):
            image[0, 7 - y, 9 + step * y - (3 if step > 0 else 0)] = 16
        assert slant_of(image)[0] == pytest.approx(step)


@given(down=st.integers(-2, 2), right=st.integers(-2, 2))
@settings(deadline=None)
def test_a_move_is_that_of_scipy(down, right):
    images = TRAIN.images[:5]
    moved = shifted(images, np.full(5, down), np.full(5, right))
    assert np.array_equal(moved, scipy_shift(images, (0, down, right), order=0, cval=0))


def test_each_picture_moves_by_its_own():
    moved = shifted(TRAIN.images[:2], np.array([1, 0]), np.array([0, -1]))
    assert np.array_equal(moved[0, 1:], TRAIN.images[0, :-1])
    assert np.array_equal(moved[1, :, :-1], TRAIN.images[1, :, 1:])
    assert not moved[0, 0].any()
    assert not moved[1, :, -1].any()


def test_a_picture_that_is_moved_out_of_itself_is_refused():
    with pytest.raises(DataError, match="moved by fewer"):
        shifted(TRAIN.images[:1], np.array([8]), np.array([0]))


def test_a_classifier_still_reads_the_digit_from_sixteen_codes():
    # The nearest mean patch is off by less than a tenth of full ink on pictures it has not seen, and the class stays.
    from sklearn.svm import SVC

    tokenizer = digit_tokenizer()
    codes = tokenizer.encode(pictures(TEST.images))
    assert codes.shape == (397, 16)
    assert 0 <= codes.min() <= codes.max() < 64
    seen = tokenizer.decode(codes)[..., 0]
    assert np.abs(seen / 255 - TEST.images / 16).mean() < 0.1
    reader = SVC(gamma="scale").fit(pictures(TRAIN.images)[..., 0].reshape(1400, -1) / 255, TRAIN.digit)
    assert reader.score(seen.reshape(397, -1) / 255, TEST.digit) > 0.93
