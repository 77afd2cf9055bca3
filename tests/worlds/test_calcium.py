"""Groups, leaders and silencing in the world of calcium signals, and graphs with planted communities."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds import CalciumWorld, WeightedCommunities


@pytest.mark.parametrize("chain", [False, True])
def test_followers_fire_when_their_leader_did_and_never_else(chain):
    world = CalciumWorld(20, 2, 5, 2, 100, chain=chain, seed=3)
    sample = world.sample(4, seed=0, env="grouped")
    for phase in range(2):
        for leader, followers in world.followers(phase).items():
            assert len(followers) == 4
            fired = sample[leader][:, phase * 100 : (phase + 1) * 100] > 0
            for unit in followers:
                lag = world.lags[phase, world.units.index(unit)]
                assert lag in ((1, 2, 3) if chain else (0,))
                follows = sample[unit][:, phase * 100 : (phase + 1) * 100] > 0
                assert np.array_equal(follows[:, lag:], fired[:, : 100 - lag])
                assert not follows[:, :lag].any()


def test_silencing_a_leader_silences_its_followers_in_its_phase_and_nobody_else():
    world = CalciumWorld(20, 2, 5, 2, 100, seed=3)
    sample = world.sample(4, seed=0, env="grouped")
    leader = world.leaders[0][0]
    silent = world.counterfactual(sample, {leader: 0.0})
    for unit in world.units:
        driven = {phase for phase in range(2) if unit in world.followers(phase).get(leader, ())}
        for phase in range(2):
            frames = slice(phase * 100, (phase + 1) * 100)
            if unit == leader or phase in driven:
                assert not silent[unit][:, frames].any()
            else:
                assert np.array_equal(silent[unit][:, frames], sample[unit][:, frames])
    noise = sample[f"signal {leader}"] - silent[f"signal {leader}"]
    kept = np.zeros(world.frames)
    for t in range(world.frames):  # what is gone is the calcium of its events, frame by frame
        kept[t] = (0.92 * kept[t - 1] if t else 0) + sample[leader][0, t]
    assert np.allclose(noise[0], kept)


def test_in_loose_animals_the_middle_phase_has_no_groups():
    world = CalciumWorld(12, 1, 6, 3, 300, seed=1)
    (leader,) = world.leaders[world.middle]
    follower = world.followers(world.middle)[leader][0]
    frames = slice(world.middle * 300, (world.middle + 1) * 300)
    for env, together in (("grouped", True), ("loose", False)):
        sample = world.sample(2, seed=0, env=env)
        fired = [sample[unit][:, frames] > 0 for unit in (leader, follower)]
        assert np.array_equal(*fired) == together


def test_what_is_seen_lacks_units_and_names_the_phases():
    world = CalciumWorld(missing=0.3)
    signals = world.signals(world.sample(10, seed=0))
    assert 0.6 < signals.present.mean() < 0.8
    assert [(s.name, s.start, s.stop) for s in signals.stimuli][1] == ("phase 2", 50.0, 100.0)
    assert not signals.signals[~signals.present[:, None].repeat(600, axis=1)].any()


def test_impossible_worlds_are_refused():
    with pytest.raises(OptionError, match="all groups fit into the 10 units"):
        CalciumWorld(10, 3, 4)
    with pytest.raises(OptionError, match="firing is between 0 and 1"):
        CalciumWorld(firing=1.0)


@pytest.mark.parametrize("topology", [0.25, 0.5])
@pytest.mark.parametrize("share", [0.25, 0.75])
def test_shares_of_edges_and_weights_between_communities_are_those_asked_for(topology, share):
    drawn = WeightedCommunities(topology=topology, weights=share)
    for seed in range(3):
        matrix, labels = drawn.sample(seed)
        apart = labels[:, None] != labels[None]
        assert np.isclose((matrix > 0)[apart].sum() / (matrix > 0).sum(), topology, atol=0.08)
        assert np.isclose(matrix[apart].sum() / matrix.sum(), share, atol=0.12)
        assert np.array_equal(matrix, matrix.T)
        assert np.bincount(labels).min() >= 15
        assert 15 < (matrix > 0).sum(axis=1).mean() < 35


def test_impossible_graphs_are_refused():
    with pytest.raises(OptionError, match="sizes go up"):
        WeightedCommunities(sizes=(20, 10))
    with pytest.raises(OptionError, match="shares are from 0"):
        WeightedCommunities(topology=1.0)
