import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import auroc, irof, local_lipschitz, square_segments


def test_a_linear_map_has_its_factor_and_a_constant_one_zero():
    images = np.random.default_rng(0).random((5, 3, 8, 8))
    assert np.allclose(local_lipschitz(lambda x: -2.5 * x, images), 2.5)
    assert (local_lipschitz(lambda x: np.ones((len(x), 8, 8)), images) == 0).all()


def test_the_worst_of_more_noises_is_no_smaller():
    images = np.random.default_rng(1).random((4, 6, 6))
    few, many = (local_lipschitz(lambda x: x**3, images, draws=draws) for draws in (2, 20))
    assert (many >= few).all()


def test_irof_by_hand_and_the_order_of_segments():
    image = np.zeros((1, 1, 2, 2))
    image[0, 0] = [[4.0, 0.0], [0.0, 0.0]]  # mean 1
    segments = square_segments(2, 2, 1)

    def bright(x):
        return x[:, 0, 0, 0] / 4

    first, last = np.array([[[4.0, 3], [2, 1]]]), np.array([[[1.0, 2], [3, 4]]])
    assert irof(bright, image, first, segments)[0] == pytest.approx(np.mean([1, 0.25, 0.25, 0.25, 0.25]))
    assert irof(bright, image, last, segments)[0] == pytest.approx(np.mean([1, 1, 1, 1, 0.25]))


def test_auroc_counts_pairs_and_ties_by_half():
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, 5, 60).astype(float), rng.random(60) < 0.4
    above = scores[positive][:, None] - scores[~positive][None]
    assert auroc(scores, positive) == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean())


def test_bad_input_is_refused():
    images = np.zeros((2, 1, 4, 4))
    with pytest.raises(OptionError, match="at least one draw"):
        local_lipschitz(lambda x: x, images, draws=0)
    with pytest.raises(DataError, match="maps"):
        irof(lambda x: np.ones(len(x)), images, np.zeros((2, 3, 3)))
    with pytest.raises(DataError, match="segments"):
        irof(lambda x: np.ones(len(x)), images, np.zeros((2, 4, 4)), np.zeros((2, 2)))
    with pytest.raises(DataError, match="positive and negative"):
        auroc([1.0, 2.0], [True, True])
    with pytest.raises(DataError, match="one a row"):
        auroc([1.0, 2.0], [True])
