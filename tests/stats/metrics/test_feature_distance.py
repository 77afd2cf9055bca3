"""The distance of pictures by features: its value is that of Fréchet, and its floor what no fault looks like."""

import numpy as np
import pytest

from aitia.errors import DataError
from aitia.stats.metrics.distribution import frechet_distance
from aitia.stats.metrics.feature_distance import feature_distance


def test_the_floor_is_what_a_faultless_generator_shows_and_a_shift_stands_above_it():
    rng = np.random.default_rng(0)
    reference, same = rng.normal(size=(2, 400, 6))
    found = feature_distance(same, reference, network="abcdef0123456789")
    assert found.value == frechet_distance(same, reference)
    assert found.value < 1.5 * found.floor
    moved = feature_distance(same + 1.0, reference)
    assert moved.value > 5.5  # 6 features, each 1 away
    assert moved.floor == found.floor
    assert (found.rows, found.features) == (400, 6)
    assert "abcdef012345" in str(found)
    assert "halves of the reference" in str(found)


def test_few_rows_are_biased_upward_as_is_said():
    rng = np.random.default_rng(1)
    few, many = (feature_distance(*rng.normal(size=(2, n, 6))) for n in (20, 2000))
    assert few.value > 10 * many.value


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="four rows"):
        feature_distance(np.zeros((3, 2)), np.zeros((9, 2)))
