"""Distances between sets of pictures, on features of a network that was trained on the world."""

import numpy as np
import pytest

from aitia.representations import rows_of
from aitia.stats.metrics import frechet_distance, kid
from aitia.systems.supervised import Supervised
from aitia.worlds import SpringWorld


@pytest.fixture(scope="module")
def features():
    """Codes of the supervised method for pictures of the spring, whatever was done to them."""
    world = SpringWorld()
    sample = world.sample(400, seed=0)
    seen = rows_of(world.render(sample, size=16), {name: sample[name] for name in world.names})
    model = Supervised(steps=150, width=8).fit(seen, truth=world.names)

    def of(n, seed, **options):
        return model.codes(world.render(world.sample(n, seed=seed, **options), size=16))

    return of


def test_new_pictures_of_the_world_are_near_and_pictures_under_an_intervention_are_far(features):
    rows = features(300, 1)
    same, moved = features(300, 2), features(300, 2, do="do(mass=shift(0.5))")
    assert frechet_distance(rows, moved) > 5 * frechet_distance(rows, same)
    options = {"subsets": 10, "subset_size": 100}
    assert kid(rows, moved, **options).value > 5 * abs(kid(rows, same, **options).value)


def test_the_distance_of_a_set_to_itself_is_nothing(features):
    rows = features(300, 1)
    assert frechet_distance(rows, rows) == pytest.approx(0.0, abs=1e-6 * float(np.trace(np.cov(rows.T))) + 1e-9)
