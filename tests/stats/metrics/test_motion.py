from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import ade, best_of_k_ade, best_of_k_fde, collision_rate, fde, miss_rate

SEEDS = st.integers(0, 2**32 - 1)


def test_displacements_by_hand():
    # Distances 0, 5, 13 in the three frames.
    true = np.zeros((3, 2))
    predicted = np.array([[0, 0], [3, 4], [5, 12]])
    assert ade(predicted, true) == 6
    assert fde(predicted, true) == 13
    assert ade(true, true) == fde(true, true) == 0


def test_best_of_k_chooses_per_scene_with_all_agents_together():
    # Two samples, one scene, two agents, one frame. Distances: sample 0 has (0, 4), sample 1 has (3, 3).
    predicted = np.zeros((2, 1, 2, 1, 2))
    predicted[:, 0, :, 0, 0] = [[0, 4], [3, 3]]
    true = np.zeros((1, 2, 1, 2))
    assert best_of_k_ade(predicted, true) == 2  # not (0 + 3) / 2, which picks per agent
    assert best_of_k_fde(predicted, true) == 2


def test_each_metric_chooses_its_own_best_sample():
    # One scene, one agent, two frames. Sample 0: distances (0, 3); sample 1: (4, 1).
    predicted = np.zeros((2, 1, 1, 2, 2))
    predicted[:, 0, 0, :, 0] = [[0, 3], [4, 1]]
    true = np.zeros((1, 1, 2, 2))
    assert best_of_k_ade(predicted, true) == 1.5
    assert best_of_k_fde(predicted, true) == 1


@given(SEEDS, st.integers(1, 6))
def test_best_of_k_is_no_more_than_the_mean_and_falls_with_k(seed, k):
    rng = np.random.default_rng(seed)
    predicted, true = rng.normal(size=(k, 4, 3, 5, 2)), rng.normal(size=(4, 3, 5, 2))
    for best, single in ((best_of_k_ade, ade), (best_of_k_fde, fde)):
        values = [best(predicted[:j], true) for j in range(1, k + 1)]
        assert values[0] == pytest.approx(single(predicted[0], true))
        assert all(after <= before for before, after in pairwise(values))
        assert values[-1] <= single(predicted, np.broadcast_to(true, predicted.shape)) + 1e-12


@given(SEEDS)
def test_errors_are_the_same_in_a_turned_and_shifted_frame(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 3, 4, 2))
    angle = rng.uniform(0, 7)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert ade(a @ turn + 5, b @ turn + 5) == pytest.approx(ade(a, b))
    assert collision_rate(a @ turn + 5, 1.0) == collision_rate(a, 1.0)


def test_collisions_by_hand():
    # Agents 0 and 1 are 0.4 apart in the second frame; agent 2 is alone; a second scene has no contact.
    crossing = [[[0, 0], [1, 0]], [[9, 9], [1, 0.4]], [[5, 5], [5, 5]]]
    apart = [[[0, 0], [0, 0]], [[3, 0], [3, 0]], [[6, 0], [6, 0]]]
    assert collision_rate([crossing, apart], 0.5) == pytest.approx(2 / 6)
    assert collision_rate([crossing, apart], 0.4) == 0  # nearer than, not as near as


@given(SEEDS, st.integers(2, 5))
def test_collisions_equal_the_double_loop(seed, agents):
    tracks = np.random.default_rng(seed).normal(size=(3, agents, 4, 2))
    hit = [
        any(np.linalg.norm(scene[a] - scene[b], axis=1).min() < 0.5 for b in range(agents) if b != a)
        for scene in tracks
        for a in range(agents)
    ]
    assert collision_rate(tracks, 0.5) == pytest.approx(np.mean(hit))


def test_misses_by_hand():
    # Final distances of two samples: (3, 1) and (1, 1) for the two tracks. The best are (1, 1); alone, sample 0 misses.
    predicted = np.zeros((2, 2, 1, 2))
    predicted[:, :, 0, 0] = [[3, 1], [1, 1]]
    assert miss_rate(predicted, np.zeros((2, 1, 2))) == 0
    assert miss_rate(predicted[:1], np.zeros((2, 1, 2))) == 0.5
    assert miss_rate(predicted, np.zeros((2, 1, 2)), threshold=0.5) == 1


def test_bad_input_is_named():
    tracks = np.zeros((2, 3, 4, 2))
    hole = tracks.copy()
    hole[1, 2, 3, 0] = np.nan
    with pytest.raises(DataError, match=r"predicted holds nan in position \(1, 2, 3, 0\)"):
        ade(hole, tracks)
    with pytest.raises(DataError, match=r"expected \(..., frames, 2\)"):
        fde(np.zeros((4, 3)), np.zeros((4, 3)))
    with pytest.raises(DataError, match="each predicted position has one true one"):
        ade(tracks, tracks[:1])
    with pytest.raises(DataError, match=r"expected \(k, \*true\)"):
        best_of_k_ade(tracks, tracks)
    with pytest.raises(DataError, match=r"expected \(k, n, agents, frames, 2\)"):
        best_of_k_fde(tracks, tracks[0])
    with pytest.raises(DataError, match="two agents or more"):
        collision_rate(tracks[:, :1], 1.0)
    with pytest.raises(OptionError, match="radius is a positive distance, got 0"):
        collision_rate(tracks, 0)
    with pytest.raises(OptionError, match="threshold is a positive distance"):
        miss_rate(tracks[None], tracks, threshold=-1)
    with pytest.raises(DataError, match="nothing to score"):
        ade(np.empty((0, 2)), np.empty((0, 2)))
