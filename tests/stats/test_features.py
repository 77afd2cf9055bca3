"""Plain features of rows: patches, random sums, principal components."""

import numpy as np

from aitia.stats.features import coarse, principal_components, random_features


def test_patches_are_means_and_vectors_stay_as_they_are():
    images = np.arange(2 * 16 * 16 * 3).reshape(2, 16, 16, 3)
    assert coarse(images).shape == (2, 8 * 8 * 3)
    assert np.allclose(coarse(images)[0, :3], images[0, :2, :2].mean(axis=(0, 1)))
    assert np.array_equal(coarse(np.eye(3)), np.eye(3))


def test_principal_components_are_the_directions_of_the_spread():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 3)) * [5.0, 1.0, 0.1]
    codes = principal_components(rows, rows, 5)
    assert np.abs(np.corrcoef(codes[:, 0], rows[:, 0])[0, 1]) > 0.99
    assert (codes[:, 3:] == 0).all()
    assert random_features(rows, rows[:7], 4, 0).shape == (7, 4)
