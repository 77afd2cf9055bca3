"""The crossing: the public files, the pair rule written out, and what avoidance guarantees."""

from pathlib import Path

import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.worlds.orca import CrowdWorld, OrcaWorld, simulate
from aitia.worlds.walkers import WalkersWorld

PUBLIC = Path(__file__).parents[3] / "shared" / "data" / "gcrl" / "orca_v4"


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public ORCA files are not here")
@pytest.mark.parametrize("radius", [0.1, 0.3, 0.5])
def test_the_public_files_are_met_to_the_millimetre(radius):
    raw = np.load(PUBLIC / f"val_radius_{radius}.npz")["raw"].astype(float)
    first = raw[:, :, 0]  # 0.38 m on the straight way to the goal
    starts = first * (1 + 0.38 / np.linalg.norm(first, axis=-1, keepdims=True))
    worst = np.linalg.norm(simulate(starts, radius) - raw, axis=-1).max(axis=(1, 2))
    assert np.median(worst) < 2e-5
    assert np.quantile(worst, 0.999) < 1.5e-3
    assert worst.max() < 2.7e-3


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public ORCA files are not here")
def test_the_law_of_the_starts_has_the_quantiles_of_the_public_files():
    raw = np.load(PUBLIC / "val_radius_0.1.npz")["raw"].astype(float)
    ours = OrcaWorld()
    made = ours.render(ours.sample(3000, env="0.1"))

    def facts(tracks):
        a, b = tracks[:, 0, 0], tracks[:, 1, 0]
        cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
        return np.concatenate(
            [
                np.quantile(np.linalg.norm(a, axis=-1), [0.05, 0.5, 0.95]),
                np.quantile(np.arccos(cosine), [0.05, 0.25, 0.5, 0.75]),
            ]
        )

    assert np.allclose(facts(made), facts(raw), atol=0.06)


def pair_by_hand(starts, radius, frames):
    """The rule for two agents: one half-plane, and the nearest point of it within the speed disc."""
    p, goal = starts.copy(), -starts
    v = (goal - p) / np.linalg.norm(goal - p, axis=1, keepdims=True)
    out = []
    for step in range(19 + 20 * (frames - 1) + 1):
        if step >= 19 and (step - 19) % 20 == 0:
            out.append(p.copy())
        new = np.empty((2, 2))
        for a in range(2):
            far, vel, c = p[1 - a] - p[a], v[a] - v[1 - a], 2 * radius
            w = vel - far / 2.0
            if w @ far < 0 and (w @ far) ** 2 > c**2 * (w @ w):
                n = w / np.linalg.norm(w)
                u = (c / 2.0 - np.linalg.norm(w)) * n
            else:
                leg = np.sqrt(far @ far - c**2)
                rotate = np.array([[leg, -c], [c, leg]]) / (far @ far)
                turned = far[0] * w[1] - far[1] * w[0] > 0
                line = rotate @ far if turned else -(rotate.T @ far)
                u = (vel @ line) * line - vel
                n = np.array([-line[1], line[0]])
            want = (goal[a] - p[a]) / np.linalg.norm(goal[a] - p[a])
            point = v[a] + u / 2
            if (want - point) @ n < 0:
                along = np.array([n[1], -n[0]])
                middle = point @ along
                room = np.sqrt(middle**2 + 1 - point @ point)
                t = np.clip((want - point) @ along, -middle - room, -middle + room)
                want = point + t * along
            new[a] = want
        v = new
        p = p + 0.02 * v
    return np.stack(out, axis=1)


def test_the_compiled_rule_is_the_pair_rule_written_out():
    world = OrcaWorld()
    sample = world.sample(6, seed=5)
    for scene, radius, tracks in zip(world.starts(sample), sample["radius"], world.render(sample), strict=True):
        assert np.allclose(pair_by_hand(scene, radius, 20), tracks, atol=1e-9)


def test_a_crowd_of_two_who_start_alike_walks_like_the_pair():
    starts = OrcaWorld().starts(OrcaWorld().sample(5))
    far = np.concatenate([starts, starts * 0 + [[60.0, 61.0]]], axis=1)[:, :3]
    assert np.allclose(simulate(far, 0.3)[:, :2], simulate(starts, 0.3), atol=1e-9)


def test_agents_on_parallel_ways_walk_straight_at_one_metre_a_second():
    tracks = simulate([[[5.0, 40.0], [5.0, -40.0]]], 0.1)
    steps = np.linalg.norm(np.diff(tracks, axis=2), axis=-1)
    assert np.allclose(steps, 0.4)
    assert np.allclose(np.diff(tracks, n=2, axis=2), 0, atol=1e-9)


@pytest.mark.parametrize(("agents", "radius"), [(2, 0.8), (4, 0.3), (6, 0.3), (10, 0.2)])
def test_nobody_comes_nearer_than_two_radii(agents, radius):
    world = CrowdWorld(agents, radii=(radius,))
    tracks = world.render(world.sample(100, seed=3))
    apart = np.linalg.norm(tracks[:, :, None] - tracks[:, None], axis=-1)
    apart[:, np.arange(agents), np.arange(agents)] = np.inf
    assert apart.min() > 2 * radius - 5e-3
    assert (np.linalg.norm(np.diff(tracks, axis=2), axis=-1) <= 0.4 + 1e-9).all()


def test_a_turned_scene_gives_turned_tracks():
    starts = CrowdWorld(5).starts(CrowdWorld(5).sample(10))
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    assert np.allclose(simulate(starts @ turn.T, 0.3), simulate(starts, 0.3) @ turn.T, atol=1e-6)


def test_the_counterfactual_keeps_the_starts_and_takes_the_other_radius():
    world = OrcaWorld()
    fact = world.sample(20, env="0.1")
    other = world.counterfactual(fact, "do(radius=0.6)")
    assert np.array_equal(world.starts(fact), world.starts(other))
    assert np.array_equal(world.render(other), simulate(world.starts(fact), 0.6))
    assert np.array_equal(world.render(world.counterfactual(fact, env="0.5")), simulate(world.starts(fact), 0.5))


def test_what_cannot_be_simulated_is_refused():
    with pytest.raises(OptionError, match=r"overlap at start: scene 0 has agents 1 m apart and discs of 0\.5 m"):
        simulate([[[0.0, 0.0], [1.0, 0.0]]], 0.5)
    with pytest.raises(OptionError, match="a radius is positive, got -1"):
        simulate([[[0.0, 0.0], [1.0, 0.0]]], -1)
    with pytest.raises(OptionError, match="at least 2 agents, got 1"):
        simulate([[[0.0, 0.0]]], 0.1)
    with pytest.raises(DataError, match="finite numbers"):
        simulate([[[np.nan, 0.0], [1.0, 0.0]]], 0.1)
    with pytest.raises(OptionError):
        OrcaWorld(radii=(0.3, 0.3))
    with pytest.raises(OptionError):
        CrowdWorld(agents=1)


def test_walkers_are_the_equation_written_out_and_alpha_touches_only_the_channel():
    world = WalkersWorld()
    sample = world.sample(10, env="2")
    step = np.diff(world.render(sample)[:, 0], axis=1)
    assert np.allclose(np.hypot(step[..., 0], step[..., 1]), 0.4 * sample["speed"][:, None])
    assert np.allclose(
        np.arctan2(step[..., 1], step[..., 0]),
        np.arctan2(np.sin(sample["heading"][:, 1:]), np.cos(sample["heading"][:, 1:])),
    )
    other = world.counterfactual(sample, "do(alpha=64)")
    assert np.array_equal(world.render(other), world.render(sample))
    assert np.allclose(world.confidence(other), 32 * world.confidence(sample))
