"""What the claim of generative distribution embeddings is measured on: laws that are what they are called."""

import numpy as np
import pytest

from aitia.do import Intervention, shift
from aitia.stats.metrics import bures_w2
from aitia.systems.gde.claim_digits import IMAGES, PARTS, _sets
from aitia.systems.gde.claim_interventions import interventions
from aitia.systems.gde.claim_laws import sliced
from aitia.systems.gde.perturbations import with_targets_set
from aitia.systems.gde.populations import FAMILIES, laws


@pytest.mark.parametrize("family", FAMILIES)
def test_points_have_the_moments_of_their_law(family):
    law = laws(family, 1, np.random.default_rng(0))[0]
    x = law.draw(200_000, np.random.default_rng(1))
    mean = law.means.mean(0)
    spread = law.covariances.mean(0) + np.cov(law.means.T, bias=True).reshape(2, 2)
    assert np.allclose(x.mean(0), mean, atol=0.02)
    assert np.allclose(np.cov(x.T), spread, atol=0.05)
    assert (FAMILIES[family] > 0) == (np.abs(law.means).max() > 0)


def test_the_half_way_population_lies_half_way():
    a, b = laws("Gaussians", 2, np.random.default_rng(3))
    middle = a.half_way(b)

    def apart(p, q):
        return bures_w2(p.means[0], p.covariances[0], q.means[0], q.covariances[0]) ** 0.5

    assert np.isclose(apart(a, middle), 0.5 * apart(a, b))
    assert np.isclose(apart(middle, b), 0.5 * apart(a, b))


def test_sets_are_compared_pair_by_pair():
    x = np.random.default_rng(0).normal(size=(3, 50, 2))
    assert sliced(x, x) == 0
    assert np.isclose(sliced(x, x + np.array([3.0, 4.0])), 12.5, rtol=0.2), "|v|^2 / 2 on average over 100 directions"


def test_every_variable_is_set_and_shifted_and_only_what_is_set_is_held():
    made = interventions(("x", "y"), (1.0, 2.0), (3.0,))
    assert [str(do) for do in made] == [str(Intervention({n: v})) for n in "xy" for v in (1.0, 2.0)] + [
        str(Intervention({n: shift(3.0)})) for n in "xy"
    ]
    held = with_targets_set(np.zeros((4, 2)), Intervention({"x": 5.0, "y": shift(1.0)}), ("x", "y"))
    assert held.tolist() == [[5.0, 0.0]] * 4


def test_images_of_test_sets_are_never_in_sets_of_the_fit():
    sets = _sets(1000)
    parts = [{image.tobytes() for each in part for image in each} for part in (sets.train, sets.seen, sets.fresh)]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    assert all(len(each) == IMAGES for each in sets.seen)
    assert np.allclose(sets.shares.sum(1), 1)
    assert np.allclose(sets.train_shares.sum(1), 1)
    assert PARTS[0] < PARTS[1]
