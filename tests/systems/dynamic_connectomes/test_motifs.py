"""What is read off motifs whose factors are written down: cohesion, the map of communities, and the course."""

import numpy as np
import pytest

from aitia.data.recordings import Recordings
from aitia.systems.dynamic_connectomes import Affinity, DynamicConnectomes
from aitia.systems.dynamic_connectomes.motif import Motif

UNITS, ANIMALS = tuple("abcd"), ("v", "w")
TIMES = np.array([[0.9, 0.6], [0.6, 0.9], [0.5, 0.5]])
WEIGHTS = np.array([[1.0, 2.0, 0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0, 5.0, 6.0]]).T  # ab ac ad bc bd cd
LABELS = (np.array([0, 0, 0, 1]), np.array([1, 0, 1, 0]))


def model(animals, pairs):
    """Two motifs with these factors, as a fit leaves them."""
    made, seconds = DynamicConnectomes(rank=2), np.arange(3) + 0.5
    made.factors_, made.units_, made.animals_, made.rank_ = (TIMES, animals, pairs), UNITS, ANIMALS, 2
    made.mask_, made.scales_ = np.ones((2, 6), bool), np.ones((2, 4))
    made.motifs_ = tuple(
        Motif(r, TIMES[:, r], animals[:, r], pairs[:, r], UNITS, (LABELS[r],), seconds) for r in range(2)
    )
    return made


def test_cohesion_is_the_mean_over_the_pairs_of_a_community():
    assert model(np.ones((2, 2)), WEIGHTS).motifs_[0].cohesion().tolist() == [2.0, 0.0]  # (1 + 2 + 3) / 3; d is alone


@pytest.mark.parametrize(
    ("animals", "pairs", "largest"),
    [
        (np.ones((2, 2)), np.eye(6)[:, :2], [0, 1, 0]),  # by the times alone; of equals the first
        (np.ones((2, 2)), np.eye(6)[:, :2] * [1.0, 2.0], [1, 1, 1]),  # 0.9 against 0.6 * 2
        (np.array([[2.0, 1.0], [2.0, 1.0]]), np.eye(6)[:, :2], [0, 0, 0]),  # 0.6 * 2 against 0.9
    ],
)
def test_the_map_follows_times_animals_and_the_size_of_pairs(animals, pairs, largest):
    numbered = (LABELS[0], LABELS[1] + 2)  # the first motif has two communities
    assert np.array_equal(model(animals, pairs).community_map(), np.stack([numbered[r] for r in largest]))


def test_the_course_of_a_motif_that_is_there_in_full_is_how_much_of_it_there_is():
    animals, told = np.array([[1.0, 0.5], [3.0, 0.5]]), np.array([0.0, 2.0, 5.0])
    found = model(animals, WEIGHTS)
    planted = told[:, None, None] * np.outer(animals[:, 0], WEIGHTS[:, 0])
    affinity = Affinity(planted, np.ones((2, 6), bool), UNITS, ANIMALS, 1, 1.0, np.ones((2, 4)))
    found.affinity = lambda signals, scales=None: affinity
    signals = Recordings(np.random.default_rng(0).normal(size=(2, 3, 4)), np.ones((2, 4), bool), UNITS, ANIMALS)
    assert found.course(signals, 0) == pytest.approx(told)
    assert found.course(signals, 0, community=0) == pytest.approx(told)
    planted[:, :, 3] = 0  # b and c, which are in the community
    assert found.course(signals, 0, community=0) == pytest.approx(told * 5 / 14)  # (1 + 4) of 1 + 4 + 9
    planted[:] = told[:, None, None] * np.outer(animals[:, 1], WEIGHTS[:, 1])
    planted[:, :, 4] *= 2  # b and d, who are a community of the second motif
    assert found.course(signals, 1, community=0) == pytest.approx(2 * told)
    assert found.course(signals, 1)[1] < 1.5 * told[1]
