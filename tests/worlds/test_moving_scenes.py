"""The moving scenes obey the laws of a world, and their physics is that of the textbook."""

from dataclasses import replace

import numpy as np
import pytest

from aitia.do import Intervention
from aitia.errors import InterventionError, OptionError
from aitia.worlds import (
    CollisionWorld,
    Frame,
    LatentProcessWorld,
    ProcessConfig,
    ProjectileWorld,
    RobotWorld,
    SpringMassWorld,
    TrafficWorld,
)
from aitia.worlds.traffic import equilibrium_gap

EXACT = [
    ProjectileWorld(),
    ProjectileWorld("complex"),
    CollisionWorld(),
    CollisionWorld("complex"),
    SpringMassWorld(),
    SpringMassWorld("complex"),
    RobotWorld(),
    RobotWorld("complex"),
    TrafficWorld(),
    TrafficWorld("complex", cars=4),
]
KICKED = [
    ProjectileWorld("complex", kicks=0.2),
    SpringMassWorld(kicks=0.01),
    RobotWorld(kicks=0.05, frames=6),
    TrafficWorld("complex", cars=3, kicks=0.3),
    TrafficWorld(cars=1),
    LatentProcessWorld(),
    LatentProcessWorld(ProcessConfig(latents=5, mechanism="mlp", lags=2, environments=3, noise="modulated")),
]
WORLDS = [*EXACT, *KICKED]


def named(world):
    return f"{world.name}-{getattr(world, 'form', 'process')}"


@pytest.fixture(params=WORLDS, ids=named)
def world(request):
    return request.param


def differ(one, other, names):
    return [name for name in names if not np.array_equal(one[name], other[name])]


def times(world):
    return world.dt * np.arange(world.frames)


# -- laws of every world ----------------------------------------------------------------------------------------------


def test_every_law_of_a_world_holds(world):
    assert world.check().holds, str(world.check())


def test_do_on_a_latent_that_varies_moves_only_what_it_causes(world):
    fact = world.sample(30, seed=2)
    for latent in world.latents:
        if latent.varies:
            value = float(np.median(fact[latent.name]))
            below = set(world.graph.descendants(latent.name)) | {latent.name}
            other = world.counterfactual(fact, {latent.name: value})
            assert set(differ(fact, other, world.names)) <= below
            assert (other[latent.name] == value).all()


def test_a_mechanism_reads_its_parents_and_its_own_past_and_nothing_else(world):
    # Rows are shuffled apart latent by latent, so that values meet which the world itself never lets meet.
    fact, rng = world.sample(300, seed=3), np.random.default_rng(0)
    values = {name: rng.permutation(fact[name]) for name in world.names}
    for name in world.names:
        parents = world.graph.parents(name)

        def solve(given, name=name, parents=parents):
            now = {parent: given[parent] for parent in parents}
            if not world.latent(name).varies:
                return world.mechanism(name, now, fact.noise[name], fact.env)
            paths = {each: given[each] for each in (*parents, name) if given[each].ndim == 2}
            frames = [Frame(t, now, paths, fact.noise[name][:, t], fact.env) for t in range(world.frames)]
            return np.array([world.step(name, frame) for frame in frames])

        answer = solve(values)  # a parent that the graph lacks would be a KeyError
        for parent in parents:
            latent = world.latent(parent)
            others = [
                rng.permutation(values[parent]),
                *(np.full_like(values[parent], x) for x in (latent.low, latent.high)),
            ]
            moved = [solve({**values, parent: other}) for other in others]
            assert any((other != answer).any() for other in moved), f"{parent} does not move {name}"


def test_holding_some_frames_leaves_earlier_frames_and_non_descendants_alone(world):
    fact = world.sample(20, seed=4)
    for latent in world.latents:
        if latent.varies:
            value = float(np.quantile(fact[latent.name], 0.9))
            held = world.hold({latent.name: value}, 3, 5).counterfactual(fact)
            below = set(world.graph.descendants(latent.name)) | {latent.name}
            assert set(differ(fact, held, world.names)) <= below
            assert (held[latent.name][:, 3:5] == value).all()
            for name in below:
                assert np.array_equal(held[name][:, :3], fact[name][:, :3])


def test_each_latent_alone_changes_the_picture(world):
    sample = world.sample(12, seed=5)
    pictures = world.render(sample)
    assert pictures.shape == (12, world.frames, 64, 64, 3)
    assert pictures.dtype == np.uint8
    for latent in world.latents:
        values = sample[latent.name]
        # A tenth of the range, inward, so that the value stays in the picture.
        step = 0.1 * (latent.high - latent.low)
        moved = np.where(values > (latent.low + latent.high) / 2, values - step, values + step)
        changed = world.render(replace(sample, latents={**sample.latents, latent.name: moved}))
        axes = (1, 2, 3, 4) if not latent.varies else (2, 3, 4)
        assert (changed != pictures).any(axis=axes).mean() > 0.9, f"{latent.name} cannot be seen"


@pytest.mark.parametrize("world", EXACT, ids=named)
def test_values_lie_in_the_ranges_that_the_world_gives(world):
    sample = world.sample(600, seed=6)
    for latent in world.latents:
        never = latent.name == "impact"
        assert latent.low - 1e-9 <= sample[latent.name].min()
        assert sample[latent.name].max() <= (world.never if never else latent.high) + 1e-9


@pytest.mark.parametrize("world", EXACT, ids=named)
def test_environments_change_only_what_they_say(world):
    roots = [name for name in world.names if not world.graph.parents(name)]
    first = world.sample(50, seed=7, env=world.environments[0])
    for label in world.environments[1:]:
        other = world.sample(50, seed=7, env=label)
        assert set(differ(first, other, roots)) == set(world.changes[label])


def test_a_size_and_a_view():
    world = RobotWorld()
    assert world.render(world.sample(2), size=32).shape == (2, 16, 32, 32, 3)
    with pytest.raises(OptionError, match="one view, which has no name, got view='left'"):
        world.render(world.sample(2), view="left")


# -- projectile -------------------------------------------------------------------------------------------------------


def test_a_projectile_without_drag_flies_a_parabola():
    world = ProjectileWorld()
    s, t = world.sample(50, seed=1), times(world)
    speed, angle, g = (s[name][:, None] for name in ("speed", "angle", "gravity"))
    assert np.allclose(s["x"], speed * np.cos(angle) * t, atol=1e-12)
    assert np.allclose(s["y"], speed * np.sin(angle) * t - g * t**2 / 2, atol=1e-12)
    assert np.allclose(s["velocity_y"], speed * np.sin(angle) - g * t, atol=1e-12)


def test_drag_and_wind_follow_their_closed_form():
    # v' = -r (v - w) - g gives v = e + (v0 - e) exp(-r t), x = e t + (v0 - e) (1 - exp(-r t)) / r, with e = w or -g/r.
    world = ProjectileWorld("complex").do(Intervention({"drag": 0.6}))
    s, t = world.sample(50, seed=1), times(world)
    speed, angle, g, m, wind = (s[name][:, None] for name in ("speed", "angle", "gravity", "mass", "wind"))
    r = 0.6 / m
    for axis, start, end in (("x", speed * np.cos(angle), wind), ("y", speed * np.sin(angle), -g / r)):
        assert np.allclose(s[f"velocity_{axis}"], end + (start - end) * np.exp(-r * t), atol=1e-10)
        assert np.allclose(s[axis], end * t + (start - end) * -np.expm1(-r * t) / r, atol=1e-10)


def test_little_drag_is_close_to_none():
    none, little = (ProjectileWorld("complex").do(Intervention({"drag": drag})).sample(20) for drag in (0.0, 1e-7))
    assert np.allclose(none["y"], little["y"], atol=1e-5)
    assert not np.array_equal(none["y"], little["y"])


# -- collision --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["simple", "complex"])
@pytest.mark.parametrize("restitution", [0.0, 0.4, 1.0])
def test_a_collision_keeps_momentum_and_the_energy_that_restitution_leaves(form, restitution):
    world = CollisionWorld(form).do(Intervention({"restitution": restitution}))
    s = world.sample(300, seed=1)
    met = s["impact"] < world.dt * (world.frames - 1)
    assert met.mean() > 0.5
    m_a, m_b = s["mass_a"], s["mass_b"]
    v = {
        (ball, when): np.stack([s[f"velocity_{ball}{axis}"][:, place] for axis in world.axes])
        for ball in "ab"
        for when, place in (("before", 0), ("after", -1))
    }
    for axis in range(len(world.axes)):
        before, after = (m_a * v["a", w][axis] + m_b * v["b", w][axis] for w in ("before", "after"))
        assert np.allclose(before, after, atol=1e-12)
    before, after = ((m_a * v["a", w] ** 2 + m_b * v["b", w] ** 2).sum(axis=0) / 2 for w in ("before", "after"))
    angle = s["normal"] if form == "complex" else np.zeros(len(met))
    normal = np.stack([np.cos(angle), np.sin(angle)])[: len(world.axes)]
    closing, parting = (((v["a", w] - v["b", w]) * normal).sum(axis=0) for w in ("before", "after"))
    assert np.allclose(parting[met], -restitution * closing[met], atol=1e-12)
    # By hand: the energy lost is (1 - e²) mu v_n² / 2, with mu the reduced mass.
    lost = (1 - restitution**2) * m_a * m_b / (m_a + m_b) * closing**2 / 2
    assert np.allclose((before - after)[met], lost[met], atol=1e-12)
    assert np.allclose(before[~met], after[~met], atol=1e-12)


@pytest.mark.parametrize("form", ["simple", "complex"])
def test_balls_touch_at_the_impact_and_never_overlap(form):
    world = CollisionWorld(form, frames=24)
    s = world.sample(300, seed=2)
    touch = s["radius_a"] + s["radius_b"] if form == "complex" else np.full(300, 2 * world.radius)
    apart = [s[f"{axis}_b"] - s[f"{axis}_a"] for axis in world.axes]
    assert (np.sqrt(sum(d**2 for d in apart)) >= touch[:, None] - 1e-9).all()
    fast = [s[f"velocity_b{axis}"][:, 0] - s[f"velocity_a{axis}"][:, 0] for axis in world.axes]
    met = s["impact"] < world.never
    at = np.where(met, s["impact"], 0)
    distance = np.sqrt(sum((d[:, 0] + v * at) ** 2 for d, v in zip(apart, fast, strict=True)))
    assert np.allclose(distance[met], touch[met], atol=1e-9)


def test_without_an_impulse_the_balls_pass_each_other():
    world = CollisionWorld()
    fact = world.sample(20)
    ghost = world.counterfactual(fact, {"impulse": 0.0})
    assert (ghost["velocity_ax"] == fact["velocity_ax"][:, :1]).all()
    assert np.allclose(ghost["x_a"], -0.8 + fact["speed_a"][:, None] * times(world))


# -- spring -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "done", [{}, {"damping": 0.0}, {"damping": 20.0, "mass": 0.5}, {"stiffness": 16.0, "mass": 1.0, "damping": 8.0}]
)
def test_a_spring_follows_its_closed_form(done):
    world = SpringMassWorld("complex").do(Intervention(done))
    s, t = world.sample(40, seed=1), times(world)
    k, m, c, g, x0, v0 = (s[name][:, None] for name in ("stiffness", "mass", "damping", "gravity", "stretch", "push"))
    rest, gamma = -m * g / k, c / (2 * m)
    # Complex roots cover swinging and creeping; the critical spring is moved off by 1e-6, which costs as much.
    omega = np.sqrt((k / m - gamma**2).astype(complex) + 1e-12)
    away = x0 - rest
    factor = (v0 + gamma * away) / omega
    x = np.exp(-gamma * t) * (away * np.cos(omega * t) + factor * np.sin(omega * t))
    v = -gamma * x + np.exp(-gamma * t) * omega * (factor * np.cos(omega * t) - away * np.sin(omega * t))
    assert np.allclose(s["position"], rest + x.real, atol=1e-7)
    assert np.allclose(s["velocity"], v.real, atol=1e-6)


def test_a_frictionless_spring_keeps_its_energy():
    s = SpringMassWorld(frames=200).do(Intervention({"damping": 0.0})).sample(20)
    energy = s["stiffness"][:, None] * s["position"] ** 2 + s["mass"][:, None] * s["velocity"] ** 2
    assert np.allclose(energy, energy[:, :1], rtol=1e-9)


# -- robot ------------------------------------------------------------------------------------------------------------


def test_the_tip_is_where_the_angles_put_it():
    # By hand: the first link points up, the second right; lengths 0.6 and 0.5, base at (-0.3, -0.75).
    s = RobotWorld().do(Intervention({"angle_1": np.pi / 2, "angle_2": -np.pi / 2})).sample(3)
    assert np.allclose(s["tip_x"], -0.3 + 0.5)
    assert np.allclose(s["tip_y"], -0.75 + 0.6)
    s = RobotWorld("complex").do(Intervention({"angle_1": 0.0, "angle_2": np.pi / 2, "angle_3": np.pi / 2})).sample(3)
    assert np.allclose(s["tip_x"], -0.3 + 0.5 - 0.3)
    assert np.allclose(s["tip_y"], -0.75 + 0.4)


@pytest.mark.parametrize("form", ["simple", "complex"])
def test_the_button_is_pressed_in_some_frames_and_lights_the_lamp(form):
    world = RobotWorld(form)
    s = world.sample(300, seed=1)
    assert 0.1 < (s["contact"] > 0).mean() < 0.9
    lamp = np.zeros(300)
    for t in range(world.frames):
        lamp = 0.6 * lamp + 0.4 * s["contact"][:, t]
        assert np.allclose(s["lamp"][:, t], lamp)


def test_an_open_gripper_presses_nothing():
    assert not RobotWorld("complex").do(Intervention({"gripper": 1.0})).sample(50)["lamp"].any()


def test_a_log_of_interventions_is_a_chain_of_holds():
    world = RobotWorld()
    fact = world.sample(10, seed=1)
    logged = world.hold("lamp=1", 2, 4).hold("angle_1=1.0", 6, 9).counterfactual(fact)
    assert (logged["lamp"][:, 2:4] == 1).all()
    assert np.allclose(logged["lamp"][:, 4], 0.6 + 0.4 * fact["contact"][:, 4])
    assert (logged["angle_1"][:, 6:9] == 1).all()
    assert np.array_equal(logged["tip_x"][:, :6], fact["tip_x"][:, :6])
    with pytest.raises(InterventionError, match="'friction' is constant over the frames"):
        world.hold("friction=0.5", 2, 4)


# -- traffic ----------------------------------------------------------------------------------------------------------


def test_a_platoon_settles_at_the_equilibrium_gap():
    world = TrafficWorld(frames=1200).do(Intervention({"desired_1": 4.0, "desired_2": 7.0, "friction": 1.0}))
    s = world.sample(2)
    gap = s["position_1"][:, -1] - 4.5 - s["position_2"][:, -1]
    # By hand: (2 + 4 * 1) / sqrt(1 - (4/7)^4) = 6 / sqrt(1 - 256/2401) = 6.3476...
    assert equilibrium_gap(4.0, 7.0) == pytest.approx(6 / np.sqrt(1 - 256 / 2401))
    assert np.allclose(gap, equilibrium_gap(4.0, 7.0), atol=1e-6)
    assert np.allclose(s["speed_2"][:, -1], 4.0, atol=1e-6)


def test_a_car_alone_keeps_its_speed():
    s = TrafficWorld(cars=1).sample(20)
    assert np.allclose(s["speed_1"], s["desired_1"][:, None])


def test_cars_stop_at_red_and_go_at_green():
    world = TrafficWorld("complex", cars=3, frames=80)
    red, green = (world.do(Intervention({"signal": float(signal)})).sample(100, seed=1) for signal in (1, 0))
    can_stop = red["position_1"][:, -1] < world.line
    assert can_stop.mean() > 0.9
    assert (red["speed_1"][can_stop, -1] < 0.2).all()
    assert (green["position_1"][:, -1] > world.line).all()


def test_the_follower_brakes_when_the_leader_is_stopped_by_hand():
    world = TrafficWorld(frames=30)
    fact = world.sample(50, seed=1, env="dry")
    braked = world.hold("speed_1=0", 5, 30).counterfactual(fact)
    assert np.allclose(braked["position_1"][:, 5:], braked["position_1"][:, 4:5])
    assert (braked["speed_2"][:, -1] < 1.0).mean() > 0.9
    assert (braked["position_1"] - 4.5 > braked["position_2"]).all()


# -- bad input --------------------------------------------------------------------------------------------------------


def test_impossible_scenes_are_refused():
    for make in (
        lambda: ProjectileWorld("hard"),
        lambda: ProjectileWorld(frames=1),
        lambda: SpringMassWorld(kicks=-1.0),
        lambda: RobotWorld(kicks=float("nan")),
        lambda: TrafficWorld(cars=5),
    ):
        with pytest.raises(OptionError):
            make()
