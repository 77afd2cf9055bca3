"""Rollouts: closed forms, what an intervention in time may touch, and what a step is given."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.do import Intervention, Uniform
from aitia.errors import InterventionError, OptionError, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.worlds import CalciumWorld, Frame, Latent, OrcaWorld, Rollout, WalkersWorld

FRAMES = 9


class Tracked(Rollout):
    """Seen as one number a frame, which is enough for its laws."""

    name = "tracked"
    seen = "vector"
    frames = FRAMES

    def render(self, sample, *, size=64, view=None):
        return sample.matrix()


class Glider(Tracked):
    """Constant velocity, and a follower that is always two behind."""

    latents = (
        Latent("start", -3.0, 3.0),
        Latent("speed", -3.0, 3.0),
        Latent("x", -30.0, 30.0, varies=True),
        Latent("follower", -30.0, 30.0, varies=True),
    )
    graph = Graph("start -> x; speed -> x; x -> follower")

    def mechanism(self, name, parents, noise, env):
        return noise

    def step(self, name, frame):
        if name == "follower":
            return frame["x"] - 2.0
        return frame.before("x") + frame["speed"] if frame.t else frame["start"]


WEIGHTS = {("a", "a", 1): 0.7, ("a", "b", 0): 1.5, ("a", "b", 2): -0.8, ("b", "b", 1): 0.4, ("b", "c", 1): 2.0}
"""Cause, effect and lag of the linear system."""


class Linear(Tracked):
    """z(t) = sum of weights times earlier or present values, plus noise."""

    latents = tuple(Latent(name, -9.0, 9.0, varies=True) for name in "abc")
    graph = Graph("a -> b; b -> c")

    def step(self, name, frame):
        value = frame.noise
        for (cause, effect, lag), weight in WEIGHTS.items():
            if effect == name and lag <= frame.t:
                value = value + weight * (frame.before(cause, lag) if lag else frame[cause])
        return value


def solved_at_once(noise, set_to):
    """All frames as one system of 3 * FRAMES equations; a {(latent, frame): value} replaces a line."""
    size = 3 * FRAMES
    left, right = np.eye(size), np.concatenate([noise[name] for name in "abc"], axis=1).T.copy()
    for (cause, effect, lag), weight in WEIGHTS.items():
        for t in range(lag, FRAMES):
            left["abc".index(effect) * FRAMES + t, "abc".index(cause) * FRAMES + t - lag] -= weight
    for (name, t), value in set_to.items():
        line = "abc".index(name) * FRAMES + t
        left[line], right[line] = np.eye(size)[line], value
    z = np.linalg.solve(left, right).T
    return {name: z[:, k * FRAMES : (k + 1) * FRAMES] for k, name in enumerate("abc")}


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one.latents)


# -- closed forms -----------------------------------------------------------------------------------------------------


def test_constant_velocity_is_a_straight_line():
    s = Glider().sample(20, seed=1)
    assert np.allclose(s["x"], s["start"][:, None] + s["speed"][:, None] * np.arange(FRAMES), atol=1e-12)


def test_after_a_hold_the_motion_goes_on_from_where_it_was_held():
    world = Glider()
    fact = world.sample(20, seed=1)
    held = world.hold({"x": 4.0}, 3, 6).counterfactual(fact)
    assert (held["x"][:, 3:6] == 4.0).all()
    assert np.allclose(held["x"][:, 6:], 4.0 + fact["speed"][:, None] * np.arange(1, 4), atol=1e-12)
    assert np.array_equal(held["follower"], held["x"] - 2.0)


@given(
    target=st.sampled_from("abc"),
    value=st.floats(-5, 5),
    span=st.tuples(st.integers(0, FRAMES - 1), st.integers(1, FRAMES)).filter(lambda span: span[0] < span[1]),
    done=st.sampled_from([None, "a", "b", "c"]),
)
@settings(max_examples=60, deadline=None)
def test_a_linear_rollout_solves_its_equations_at_once_whatever_is_held(target, value, span, done):
    world = Linear()
    fact = world.sample(5, seed=3)
    if done is not None:
        world = world.do(Intervention({done: 0.5}))
    set_to = {(done, t): 0.5 for t in range(FRAMES) if done is not None} | {(target, t): value for t in range(*span)}
    answer = world.hold({target: value}, *span).counterfactual(fact)
    for name, path in solved_at_once(fact.noise, set_to).items():
        assert np.allclose(answer[name], path, atol=1e-9)


def test_a_shift_that_is_held_adds_to_every_frame_and_is_handed_on():
    world = Linear()
    fact = world.sample(5, seed=3)
    pushed = world.hold("a=shift(1)", 2, 4).counterfactual(fact)
    # By hand: a(t) = 0.7 a(t-1) + u(t); one is added at frames 2 and 3, and what is added decays by 0.7 a frame.
    added = [0, 0, 1, 1.7, 1.7 * 0.7, 1.7 * 0.7**2, 1.7 * 0.7**3, 1.7 * 0.7**4, 1.7 * 0.7**5]
    assert np.allclose(pushed["a"] - fact["a"], added, atol=1e-12)


# -- interventions in time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", [Glider(), Linear(), WalkersWorld()], ids=lambda world: type(world).__name__)
def test_what_is_done_from_a_frame_on_changes_nothing_before_it_and_no_other_branch(world):
    fact = world.sample(12, seed=2)
    for latent in (latent for latent in world.latents if latent.varies):
        for start in (1, 4, FRAMES - 1):
            held = world.hold({latent.name: 7.0}, start, world.frames).counterfactual(fact)
            below = {latent.name, *world.graph.descendants(latent.name)}
            for name in world.names:
                before = held[name][:, :start] if name in below and held[name].ndim == 2 else held[name]
                assert np.array_equal(before, fact[name][:, :start] if before.shape != fact[name].shape else fact[name])
            assert (held[latent.name][:, start:] == 7.0).all()


@pytest.mark.parametrize("world", [Glider(), Linear()], ids=lambda world: type(world).__name__)
def test_noise_belongs_to_seed_row_and_frame_whatever_is_held(world):
    fact = world.sample(12, seed=2)
    target = world.latents[-1].name
    assert same(world.counterfactual(fact), fact)
    assert same(world.hold(f"{target}=shift(0)", 0, FRAMES).counterfactual(fact), fact)
    held = world.hold({target: 1.0}, 2, 5)
    drawn, moved = held.sample(12, seed=2), held.counterfactual(fact)
    assert same(drawn, moved)
    assert all(np.array_equal(s.noise[name], fact.noise[name]) for s in (drawn, moved) for name in world.names)
    assert same(world.counterfactual(drawn), fact)


def test_the_latest_hold_wins_and_every_hold_wins_over_do():
    world = Linear()
    fact = world.sample(4)
    once = world.hold("a=1", 1, 6).hold("a=2", 4, 8)
    assert once.counterfactual(fact)["a"][0, 1:8].tolist() == [1, 1, 1, 2, 2, 2, 2]
    assert once.do(Intervention({"a": 3.0})).counterfactual(fact)["a"][0].tolist() == [3, 1, 1, 1, 2, 2, 2, 2, 3]
    assert [(str(done), start, stop) for done, start, stop in once.held] == [("do(a=1)", 1, 6), ("do(a=2)", 4, 8)]
    assert world.held == ()
    assert same(world.counterfactual(fact), fact)


@pytest.mark.parametrize("whole", [False, True])
def test_a_random_action_draws_its_own_number_for_each_row_and_keeps_it(whole):
    drawn_by = Intervention({"a": Uniform(5.0, 6.0)})
    world = Linear().do(drawn_by) if whole else Linear().hold(drawn_by, 3, 7)
    s = world.sample(400, seed=1)
    drawn = s["a"][:, 3:7]
    assert (drawn == drawn[:, :1]).all()
    assert drawn.min() >= 5
    assert drawn.max() <= 6
    # The mean of 400 uniform numbers has a standard deviation of 1 / sqrt(12 * 400) = 0.0144.
    assert drawn[:, 0].mean() == pytest.approx(5.5, abs=0.06)
    assert abs(np.corrcoef(drawn[:, 0], s.noise["a"][:, 3])[0, 1]) < 0.2
    assert same(world.counterfactual(s), s)


class Paths(Tracked):
    """No latent depends on its own past: whole paths."""

    latents = (Latent("gain", -3.0, 3.0), *(Latent(name, -9.0, 9.0, varies=True) for name in ("cause", "effect")))
    graph = Graph("gain -> effect; cause -> effect")

    def mechanism(self, name, parents, noise, env):
        if name == "effect":
            moved = np.zeros_like(noise)
            moved[:, 2:] = parents["gain"][:, None] * parents["cause"][:, :-2]
            return moved + noise
        return noise


class Steps(Paths):
    """The same, frame by frame."""

    def step(self, name, frame):
        if name == "cause" or frame.t < 2:
            return frame.noise
        return frame["gain"] * frame.before("cause", 2) + frame.noise


@pytest.mark.parametrize("done", [{}, {"cause": 2.0}, {"effect": -1.0}, "cause=shift(0.5)", {"effect": Uniform(0, 1)}])
@pytest.mark.parametrize("held", ["cause=1", "cause=shift(2)", "effect=0", "effect=scale(3)", "effect=Normal(0, 1)"])
def test_whole_paths_and_frame_by_frame_give_the_same(done, held):
    made = [
        kind().hold("effect=9", 0, 2).hold(held, 2, 6).hold("effect=shift(1)", 5, 7).sample(8, seed=4, do=done)
        for kind in (Paths, Steps)
    ]
    assert same(*made)
    assert all(np.array_equal(made[0].noise[name], Paths().sample(8, seed=4).noise[name]) for name in Paths().names)


def test_a_leader_that_is_silenced_for_some_frames_silences_its_followers_there():
    world = CalciumWorld(20, 2, 5, 2, 100, chain=True, seed=3)
    fact = world.sample(3, env="grouped")
    leader = world.leaders[0][0]
    silent = world.hold({leader: 0.0}, 20, 60).counterfactual(fact)
    for unit in (leader, *world.followers(0)[leader]):
        lag = 0 if unit == leader else world.lags[0, world.units.index(unit)]
        quiet = slice(20 + lag, 60 + lag)
        assert fact[unit][:, quiet].any()
        assert not silent[unit][:, quiet].any()
        for rest in (slice(0, 20 + lag), slice(60 + lag, 200)):
            assert np.array_equal(silent[unit][:, rest], fact[unit][:, rest])
    # What is gone of a signal is the calcium of the events that are gone, which decays by 0.92 a frame.
    gone, calcium = fact[leader] - silent[leader], np.zeros((3, 200))
    for t in range(1, 200):
        calcium[:, t] = 0.92 * calcium[:, t - 1] + gone[:, t]
    assert np.allclose(fact[f"signal {leader}"] - silent[f"signal {leader}"], calcium, atol=1e-12)


# -- what a step is given ---------------------------------------------------------------------------------------------


def test_a_step_is_given_its_parents_and_its_own_past_and_nothing_else():
    seen = []

    class Watched(Glider):
        def step(self, name, frame):
            seen.append((name, frame.t, set(frame.parents), set(frame.paths), frame.past(name).copy()))
            return super().step(name, frame)

    s = Watched().sample(4)
    assert {(name, frozenset(parents)) for name, _, parents, _, _ in seen} == {
        ("x", frozenset({"start", "speed"})),
        ("follower", frozenset({"x"})),
    }
    for name, t, _, paths, past in seen:
        assert paths == {"x"} if name == "x" else paths == {"x", "follower"}
        assert np.array_equal(past, s[name][:, :t])


def test_a_frame_gives_values_now_before_and_past():
    speed, x, own = np.array([1.0, 2.0]), np.arange(10.0).reshape(2, 5), -np.arange(10.0).reshape(2, 5)
    frame = Frame(3, {"speed": speed, "x": x}, {"x": x, "own": own}, np.zeros(2), np.zeros(2, np.int64))
    assert len(frame) == 2
    assert frame["speed"].tolist() == [1, 2]
    assert frame["x"].tolist() == [3, 8]
    assert frame.before("x").tolist() == [2, 7]
    assert frame.before("own", 3).tolist() == [0, -5]
    assert frame.past("own").tolist() == [[0, -1, -2], [-5, -6, -7]]
    for wrong in (0, 4, -1):
        with pytest.raises(IndexError, match=f"frame 3 has no frame {wrong} before it"):
            frame.before("x", wrong)
    with pytest.raises(KeyError):
        frame["own"]  # is what the step has to find


# -- bad input --------------------------------------------------------------------------------------------------------


def test_what_cannot_be_held_is_refused():
    world = Glider()
    for start, stop in ((-1, 2), (3, 3), (4, 2), (0, FRAMES + 1)):
        with pytest.raises(OptionError, match=f"frames {start} to {stop} are not among the 9 of this world"):
            world.hold("x=1", start, stop)
    with pytest.raises(InterventionError, match="'speed' is constant over the frames: use do"):
        world.hold("speed=1", 0, 2)
    with pytest.raises(UnknownVariableError, match="'speeed'"):
        world.hold("speeed=1", 0, 2)
    with pytest.raises(InterventionError, match="'x' is held at one number"):
        world.hold({"x": (1.0, 2.0)}, 0, 2)
    with pytest.raises(InterventionError, match="'radius' is constant over the frames: use do"):
        OrcaWorld().hold("radius=1", 0, 2)


def test_a_world_that_lacks_a_mechanism_says_of_which_latent():
    class Lacking(Tracked):
        latents = (Latent("x", -1.0, 1.0, varies=True),)
        graph = Graph((), ("x",))

    with pytest.raises(NotImplementedError, match="Lacking says nothing of 'x'"):
        Lacking().sample(2)


@pytest.mark.parametrize("levels", [(), (0.3, 0.3), (-0.1, 0.3), (0.0,), (float("nan"),), (float("inf"),)])
def test_levels_of_environments_are_positive_and_different(levels):
    for make, of in ((OrcaWorld, "radius"), (WalkersWorld, "alpha")):
        with pytest.raises(OptionError, match=f"the levels of {of} are positive, finite and none comes twice"):
            make(levels)


def test_worlds_seen_as_tracks_say_how_many_frames_they_show():
    for world, frames in ((OrcaWorld(frames=7), 7), (WalkersWorld(frames=17), 17)):
        assert world.render(world.sample(2)).shape[2] == world.frames == world.manifest()["frames"] == frames


def test_levels_are_named_environments_from_which_the_first_differs_in_nothing():
    world = WalkersWorld((0.5, 3.0))
    assert world.environments == ("0.5", "3")
    assert world.changes == {"3": ("alpha",)}
    assert world.sample(4)["alpha"].tolist() == [0.5, 3.0, 0.5, 3.0]
