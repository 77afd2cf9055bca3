"""The static scenes obey the laws of a world, their physics is that of the textbook, and their pictures show it all."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from aitia.errors import GraphError, InterventionError, OptionError, UnknownVariableError
from aitia.worlds import (
    DomainShift,
    FallWorld,
    FigureWorld,
    FlowWorld,
    Mechanism,
    PendulumWorld,
    RefractionWorld,
    SceneConfig,
    SlopeWorld,
    SpringWorld,
    export_world,
)
from aitia.worlds.canvas import Canvas
from aitia.worlds.views import VIEWS, homography, seen_from

EXACT = SceneConfig(deviation=0.0)
SIMPLE = [PendulumWorld(), FlowWorld(), FigureWorld(), FallWorld(), SlopeWorld(), SpringWorld(), RefractionWorld()]
COMPLEX = [kind("complex") for kind in (FigureWorld, FallWorld, SlopeWorld, SpringWorld, RefractionWorld)]
CONFIGURED = [
    FigureWorld(
        "complex",
        config=SceneConfig(
            add=("pose -> hat", "hat -> arms", "shadow -> hue"),
            remove=("size -> hue",),
            mechanism="mlp",
            mechanisms={"arms": Mechanism("table")},
            noise="laplace",
            environments=3,
            changing=("size", "hat"),
        ),
    ),
    PendulumWorld(config=SceneConfig(add=("light -> angle",), noise="uniform", environments=1)),
]
SCENES = [*SIMPLE, *COMPLEX]


def named(world):
    return f"{world.name}-{world.form}"


@pytest.fixture(params=SCENES, ids=named)
def world(request):
    return request.param


def differ(one, other, names):
    return {name for name in names if not np.array_equal(one[name], other[name])}


def score(world, sample, name):
    """The argument of tanh in the law of a cause."""
    cause = world.latent(name)
    return np.arctanh(2 * (sample[name] - cause.low) / (cause.high - cause.low) - 1)


# -- laws of every scene ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", [*COMPLEX, *CONFIGURED], ids=named)  # the simple ones are in the contract's loop
def test_every_law_of_a_world_holds(world):
    assert world.check().holds, str(world.check())


def test_values_lie_in_the_ranges_that_the_world_gives(world):
    sample = world.sample(3000, seed=6)
    for latent in world.latents:
        assert latent.low <= sample[latent.name].min(), latent
        assert sample[latent.name].max() <= latent.high, latent


@pytest.mark.parametrize("kind", [type(world) for world in SIMPLE])
def test_the_range_of_an_effect_is_used_up(kind):
    # Noise so wide that the causes stand at their ends, where the extremes of monotone laws are.
    world = kind(config=SceneConfig(noise_scale=20.0, environments=1))
    sample = world.sample(4000)
    for name in world.effects:
        latent, values = world.latent(name), sample[name]
        assert np.ptp(values) > 0.9 * (latent.high - latent.low), name


def test_each_latent_alone_changes_the_picture_in_every_view(world):
    sample = world.sample(12, seed=5)
    for view in world.views:
        pictures = world.render(sample, view=view)
        for latent in world.latents:
            values, step = sample[latent.name], 0.1 * (latent.high - latent.low)
            moved = np.where(values > (latent.low + latent.high) / 2, values - step, values + step)
            if latent.labels:
                moved = (values + 1) % len(latent.labels)
            changed = world.render(replace(sample, latents={**sample.latents, latent.name: moved}), view=view)
            assert (changed != pictures).any(axis=(1, 2, 3)).mean() > 0.9, f"{latent.name} cannot be seen from {view}"


def correlations(world, rows, components):
    """Of each latent with its kernel ridge regression on the principal components of the pictures, on held-out rows."""
    sample, kept = world.sample(rows, seed=3), rows * 4 // 5
    x = world.render(sample, size=32).reshape(rows, -1).astype(np.float32) / 255
    y = sample.matrix()
    x = x - x[:kept].mean(axis=0)
    values, vectors = np.linalg.eigh(x[:kept] @ x[:kept].T)
    roots = np.sqrt(values[::-1][:components])
    z = (x @ (x[:kept].T @ vectors[:, ::-1][:, :components])) / roots
    z = z / np.sqrt(z[:kept].std(axis=0))
    square = (z**2).sum(axis=1)
    distance = square[:, None] + square[:kept] - 2 * z @ z[:kept].T
    kernel = np.exp(-0.3 * distance / np.median(distance))
    target = (y - y[:kept].mean(axis=0)) / y[:kept].std(axis=0)
    found = kernel[kept:] @ np.linalg.solve(kernel[:kept] + 1e-3 * np.eye(kept), target[:kept])
    return {name: np.corrcoef(found[:, place], target[kept:, place])[0, 1] for place, name in enumerate(world.names)}


@pytest.mark.parametrize(
    "world", [pytest.param(world, marks=pytest.mark.slow if world is COMPLEX[0] else ()) for world in SCENES], ids=named
)
def test_a_plain_regression_reads_every_latent_off_the_picture(world):
    many = world is COMPLEX[0]  # arms and hat are small, and there are nine latents
    found = correlations(world, 3500 if many else 1000, 150 if many else 40)
    assert min(found.values()) > 0.9, found


def test_environments_change_only_what_they_say(world):
    assert len(world.environments) >= 6
    first = world.sample(50, seed=7, env=world.environments[0])
    for label in world.environments[1:]:
        other = world.sample(50, seed=7, env=label)
        assert differ(first, other, world._cause) >= set(world.changes[label])
        below = set(world.graph.descendants(list(world.changes[label]))) | set(world.changes[label])
        assert differ(first, other, world.names) <= below


def test_any_finite_value_can_be_held_and_seen(world):
    for latent in world.latents:
        for value in latent.labels or (0.0, -3.0, 1e4, -1e7):
            sample = world.sample(6, do={latent.name: value})
            assert all(np.isfinite(sample[name]).all() for name in world.names), (latent.name, value)
            assert world.render(sample, size=16).shape == (6, 16, 16, 3)


# -- pendulum ---------------------------------------------------------------------------------------------------------


def test_the_shadow_of_a_pendulum_follows_from_geometry():
    world = PendulumWorld(config=EXACT)
    # By hand, light from above, angle 30°: the rod's shadow is 0.7 / 2, the ball reaches 0.12 further.
    s = world.sample(1, do={"light": 0.0, "angle": np.pi / 6})
    assert s["shadow_length"] == pytest.approx(0.35 + 0.12)
    assert s["shadow_position"] == pytest.approx((0.35 + 0.12) / 2)
    # The rod hangs along the light: only the ball's shadow is left, 2 r / cos, below the pivot's ray.
    s = world.sample(1, do={"light": 0.4, "angle": -0.4})
    assert s["shadow_length"] == pytest.approx(0.24 / np.cos(0.4))
    assert s["shadow_position"] == pytest.approx(-np.tan(0.4))


def test_the_shadow_of_a_pendulum_is_where_rays_are_blocked():
    # Brute force: rays up from many points of the ground, blocked by the ball or the rod.
    world = PendulumWorld(config=EXACT)
    sample = world.sample(40, seed=1)
    ground = np.linspace(-1.2, 1.2, 20_001)
    for light, angle, length, position in sample.matrix(("light", "angle", "shadow_length", "shadow_position")):
        ray = np.array([np.sin(light), np.cos(light)])
        pivot = np.array([0.0, world.height])
        ball = pivot + world.rod * np.array([np.sin(angle), -np.cos(angle)])

        # Signed distances of points from the ray through a point of the ground; the rod is blocked between its ends.
        def aside(point, ray=ray):
            return (point[0] - ground) * ray[1] - point[1] * ray[0]

        blocked = (np.abs(aside(ball)) <= world.ball) | (aside(ball) * aside(pivot) <= 0)
        dark = ground[blocked]
        assert np.ptp(dark) == pytest.approx(length, abs=5e-4)
        assert (dark[0] + dark[-1]) / 2 == pytest.approx(position, abs=5e-4)


def test_a_counterfactual_shadow_keeps_the_roughness_of_its_ground():
    world, smooth = PendulumWorld(), PendulumWorld(config=EXACT)
    fact = world.sample(200, seed=2)
    other = world.counterfactual(fact, {"light": 0.3})
    exact = smooth.sample(200, seed=2)
    moved = smooth.counterfactual(exact, {"light": 0.3})
    rough = 1 + 0.05 * fact.noise["shadow_length"]
    assert np.allclose(fact["shadow_length"], exact["shadow_length"] * rough)
    assert np.allclose(other["shadow_length"], moved["shadow_length"] * rough)
    assert np.allclose(
        other["shadow_position"] - moved["shadow_position"], fact["shadow_position"] - exact["shadow_position"]
    )
    assert np.array_equal(other["angle"], fact["angle"])
    back = world.counterfactual(other)
    assert not differ(back, fact, world.names)
    assert np.array_equal(world.render(back), world.render(fact))


# -- flow -------------------------------------------------------------------------------------------------------------


def test_a_ball_raises_the_water_and_the_jet_lands_where_torricelli_says():
    world = FlowWorld(config=EXACT)
    s = world.sample(1, do={"ball_size": 0.2, "hole": 0.3})
    # By hand: 4/3 π 0.008 / 0.3136 = 0.10686; height 0.64686; 2 sqrt(0.34686 * 0.65) = 0.94965.
    assert s["water_height"] == pytest.approx(0.64686, abs=1e-5)
    assert s["water_flow"] == pytest.approx(0.94965, abs=1e-5)
    # From the motion itself: speed sqrt(2 g h), time of the fall sqrt(2 (y + D) / g), whatever g.
    for g in (1.6, 9.81):
        flown = np.sqrt(2 * g * (s["water_height"] - 0.3)) * np.sqrt(2 * (0.3 + world.drop) / g)
        assert s["water_flow"] == pytest.approx(flown)


def test_water_below_the_hole_does_not_flow():
    assert not FlowWorld().sample(20, do={"water_height": 0.05})["water_flow"].any()


# -- figure -----------------------------------------------------------------------------------------------------------


def test_the_shadow_of_a_figure_is_the_projection_of_its_head():
    world = FigureWorld(config=EXACT)
    s = world.sample(50, seed=1)
    x, y = s["size"] * np.sin(s["pose"]), s["size"] * np.cos(s["pose"])
    assert np.allclose(s["shadow"], x - y * np.tan(s["light"]))
    # By hand: upright, 1 m, light at 45° from the right.
    assert world.sample(1, do={"pose": 0.0, "size": 1.0, "light": np.pi / 4})["shadow"] == pytest.approx(-1.0)


def test_rooms_differ_in_wall_and_lamp_only():
    for world in (FigureWorld(), FigureWorld("complex")):
        for changed in world.changes.values():
            assert set(changed) <= {"background", "light", "brightness"}


# -- fall -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["simple", "complex"])
def test_the_ball_stops_where_its_energy_is_used_up(form):
    world = FallWorld(form, config=EXACT)
    s = world.sample(100, seed=1)
    density = s["density"] if form == "complex" else world.density
    pressure = s["resistance"] if form == "complex" else world.resistance
    mass = density * 4 / 3 * np.pi * s["radius"] ** 3
    # m g (h + d) = P π r² d
    gained = mass * s["gravity"] * (s["height"] + s["depth"])
    assert np.allclose(gained, pressure * np.pi * s["radius"] ** 2 * s["depth"])


def test_the_hue_of_the_ball_moves_nothing():
    world = FallWorld()
    fact = world.sample(20)
    assert differ(fact, world.counterfactual(fact, {"hue": 0.1}), world.names) == {"hue"}


# -- slope ------------------------------------------------------------------------------------------------------------


def test_the_block_moves_as_a_small_step_simulation_says():
    world = SlopeWorld("complex", config=EXACT)
    s, steps = world.sample(60, seed=1), 40_000
    speed, way, dt = s["push"] / s["mass"], np.zeros(60), world.time / steps
    rate = 9.81 * (np.sin(s["angle"]) - s["friction"] * np.cos(s["angle"]))
    for _ in range(steps):
        later = np.maximum(speed + rate * dt, 0.0)  # friction stops a block and does not push it back
        way, speed = way + (speed + later) / 2 * dt, later
    assert np.allclose(s["travel"], way, atol=1e-4)
    assert np.allclose(s["speed"], speed, atol=1e-4)


def test_a_slope_without_friction_and_one_that_stops_the_block():
    world = SlopeWorld(config=EXACT)
    # By hand: v = 1 m/s, a = 9.81 sin 30° = 4.905; 0.8 + 4.905 * 0.32 = 2.3696.
    assert world.sample(1, do={"mass": 1.0, "friction": 0.0, "angle": np.pi / 6})["travel"] == pytest.approx(2.3696)
    # Level ground, μ = 0.5: stops after v² / (2 μ g) = 1 / 9.81.
    assert world.sample(1, do={"mass": 1.0, "friction": 0.5, "angle": 0.0})["travel"] == pytest.approx(1 / 9.81)


# -- spring -----------------------------------------------------------------------------------------------------------


def test_a_spring_is_stretched_as_hooke_says():
    world = SpringWorld(config=EXACT)
    # By hand: 1 kg on 40 N/m hangs 9.81 / 40 m lower.
    assert world.sample(1, do={"mass": 1.0, "stiffness": 40.0})["extension"] == pytest.approx(0.24525)
    s = SpringWorld("complex", config=EXACT).sample(50)
    assert np.allclose(s["stiffness"] * s["extension"], s["mass"] * s["gravity"])
    assert np.allclose(s["period"], 2 * np.pi * np.sqrt(s["mass"] / s["stiffness"]))


def test_a_spring_that_is_held_longer_swings_slower_and_weighs_the_same():
    world = SpringWorld("complex")
    fact = world.sample(20)
    held = world.counterfactual(fact, {"extension": 2.0})
    assert differ(fact, held, world.names) == {"extension", "period"}
    assert (held["period"] > fact["period"]).all()


# -- refraction -------------------------------------------------------------------------------------------------------


def test_light_is_bent_as_snell_says():
    world = RefractionWorld("complex", config=EXACT)
    s = world.sample(50, seed=1)
    assert np.allclose(np.sin(s["incidence"]), s["index"] * np.sin(s["exit_angle"]))
    # By hand: n = sqrt(2), 45° in, 30° within; a slab of 0.6 moves the ray by 0.6 sin 15° / cos 30°.
    s = world.sample(1, do={"index": np.sqrt(2), "incidence": np.pi / 4, "thickness": 0.6})
    assert s["exit_angle"] == pytest.approx(np.pi / 6)
    assert s["displacement"] == pytest.approx(0.6 * np.sin(np.pi / 12) / np.cos(np.pi / 6))


def test_a_slab_of_nothing_bends_nothing():
    s = RefractionWorld("complex", config=EXACT).sample(20, do={"index": 1.0})
    assert np.allclose(s["exit_angle"], s["incidence"])
    assert np.allclose(s["displacement"], 0.0)


# -- views ------------------------------------------------------------------------------------------------------------


def test_four_views_show_the_same_rows_differently(world):
    sample = world.sample(3)
    pictures = {view: world.render(sample, size=32, view=view) for view in world.views}
    assert list(pictures) == ["front", "left", "back", "bird"]
    assert np.array_equal(pictures["front"], world.render(sample, size=32))
    for one in pictures:
        for other in pictures:
            assert one == other or (pictures[one] != pictures[other]).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_keeps_the_whole_scene_and_shows_a_point_where_the_camera_puts_it(view):
    to_view = np.linalg.inv(homography(view))

    def seen_at(x, y):
        p = to_view @ [x, y, 1]
        return p[:2] / p[2]

    assert all(np.abs(seen_at(x, y)).max() <= 1 for x in (-1, 1) for y in (-1, 1))
    size = 128
    for x, y in ((0.0, 0.0), (0.6, -0.5), (-0.7, 0.7)):
        front = Canvas(1, size).disc(x, y, 0.05, (1, 1, 1)).image()
        # Weights above the wall, which is a little lighter than the scene's black.
        light = np.maximum(seen_from(front, view)[0, :, :, 0].astype(float) - 40, 0)
        rows, columns = np.mgrid[:size, :size]
        place = (light * columns).sum() / light.sum(), (light * rows).sum() / light.sum()
        wanted = seen_at(x, y)
        assert place[0] == pytest.approx((wanted[0] + 1) * size / 2 - 0.5, abs=0.7)
        assert place[1] == pytest.approx((1 - wanted[1]) * size / 2 - 0.5, abs=0.7)


def test_the_back_is_mirrored():
    red_left = Canvas(1, 64).box(-0.6, 0.0, 0.2, 0.5, 0.0, (1, 0, 0)).image()
    behind = seen_from(red_left, "back")[0, :, :, 0]
    assert (behind > 200).any(axis=0)[32:].any()
    assert not (behind > 200).any(axis=0)[:32].any()


def test_the_views_of_a_row_are_exported_with_its_id(tmp_path):
    pytest.importorskip("PIL")
    world = FallWorld()
    folder = export_world(world, tmp_path / "out", 3, size=8, view=world.views)
    with (folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    for number in "012":
        own = [row for row in rows if row["id"] == number]
        assert [row["view"] for row in own] == list(world.views)
        assert len({row["depth"] for row in own}) == 1
        assert len({(folder / row["render_path"]).read_bytes() for row in own}) == 4


# -- configuration ----------------------------------------------------------------------------------------------------


def test_an_edge_of_the_user_acts_with_the_weight_that_is_given():
    config = SceneConfig(
        add=("light -> angle",), mechanisms={"angle": Mechanism("linear", [1.5])}, environments=1, noise_scale=0.3
    )
    world = PendulumWorld(config=config)
    assert world.graph.parents("angle") == ("light",)
    s = world.sample(100)
    assert np.allclose(score(world, s, "angle"), 1.5 * s["light"] / 0.6 + 0.3 * s.noise["angle"])
    assert np.allclose(score(world, s, "light"), 0.3 * s.noise["light"])


def test_shifts_of_the_user_add_to_the_mean_and_scale_the_noise():
    shifts = (DomainShift("dusk", "light", mean=0.4, scale=0.5), DomainShift("gale", "angle", function=True))
    config = SceneConfig(add=("light -> angle",), environments=("noon", "dusk", "gale"), shifts=shifts)
    world = PendulumWorld(config=config)
    assert world.changes == {"dusk": ("light",), "gale": ("angle",)}
    noon, dusk, gale = (world.sample(100, env=label) for label in world.environments)
    assert np.allclose(score(world, noon, "light"), 0.7 * noon.noise["light"])
    assert np.allclose(score(world, dusk, "light"), 0.4 + 0.35 * noon.noise["light"])
    effect = (
        score(world, noon, "angle") - 0.7 * noon.noise["angle"],
        score(world, gale, "angle") - 0.7 * gale.noise["angle"],
    )
    slopes = [np.polyfit(noon["light"], values, 1)[0] for values in effect]
    assert abs(slopes[0] - slopes[1]) > 0.05


def test_a_categorical_cause_has_every_label_and_passes_it_on():
    world = CONFIGURED[0]
    s = world.sample(600)
    assert set(s["hat"]) == {0.0, 1.0, 2.0}
    assert world.graph.parents("hat") == ("pose",)
    assert "arms" in differ(s, world.counterfactual(s, {"hat": "crown"}), world.names)


def test_removed_edges_are_gone_and_others_stay():
    world = FigureWorld(config=SceneConfig(remove=("size -> hue",)))
    assert world.graph.parents("hue") == ()
    assert world.graph.parents("shadow") == ("light", "pose", "size")


def test_a_configuration_comes_back_from_json():
    for world in CONFIGURED:
        assert SceneConfig.from_dict(json.loads(json.dumps(world.config.to_dict()))) == world.config


def test_the_number_of_environments_is_free():
    assert len(FallWorld(config=SceneConfig(environments=12)).environments) == 12
    world = FallWorld(config=SceneConfig(environments=1))
    assert world.environments == ("all",)
    assert world.changes == {}


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"add": ("hue -> size",)}, GraphError, "the edges make the cycle hue -> size -> hue"),
        ({"add": ("shadow -> pose",)}, GraphError, "the edges make the cycle pose -> shadow -> pose"),
        ({"add": ("hue -> pose", "pose -> size")}, GraphError, "the edges make the cycle .*size -> hue"),
        ({"add": ("hue -> hue",)}, GraphError, "the edges make the cycle hue -> hue"),
        (
            {"add": ("hue -> ligth",)},
            UnknownVariableError,
            "'ligth' is not a variable of this scene. Did you mean 'light'",
        ),
        ({"add": ("hue -> shadow",)}, GraphError, "'shadow' follows from light, pose, size by physics"),
        ({"remove": ("light -> shadow",)}, GraphError, "'shadow' follows from light, pose, size by physics"),
        ({"remove": ("light -> hue",)}, GraphError, "the edge 'light -> hue' cannot be removed: it is not there"),
        ({"add": ("light hue",)}, GraphError, "an edge is text such as 'light -> angle', got 'light hue'"),
        ({"add": "light -> hue"}, OptionError, "add is a list of texts"),
        ({"changing": ("shadow",)}, UnknownVariableError, "'shadow' is not a variable"),
        ({"mechanisms": {"hat": Mechanism()}}, UnknownVariableError, "'hat' is not a variable"),
        ({"mechanisms": {"hue": "linear"}}, OptionError, "mechanisms holds a Mechanism for each latent"),
        ({"mechanisms": {"hue": Mechanism("linear", [1.0, 2.0])}}, OptionError, r"one for each parent \(size\)"),
        (
            {"shifts": (DomainShift("e1", "hue"),)},
            OptionError,
            "a shift is in an environment after the first, got 'e1'",
        ),
        ({"shifts": (DomainShift("e2", "shadow"),)}, UnknownVariableError, "'shadow' is not a variable"),
        ({"mechanism": "cubic"}, OptionError, "a mechanism is one of linear, mlp, table, got 'cubic'"),
        ({"noise": "modulated"}, OptionError, "noise is one of gaussian, laplace, uniform"),
        ({"noise_scale": 0.0}, OptionError, "noise_scale is positive"),
        ({"deviation": 0.5}, OptionError, "deviation lies in"),
        ({"environments": 0}, OptionError, "at least 1 environment"),
        ({"environments": ("a", "a")}, OptionError, "no name twice"),
        ({"world_seed": -1}, OptionError, "world_seed is a whole number"),
    ],
)
def test_a_configuration_that_cannot_be_says_why(options, error, sentence):
    with pytest.raises(error, match=sentence):
        FigureWorld(config=SceneConfig(**options))


def test_an_unknown_option_of_a_file_is_named():
    with pytest.raises(OptionError, match="SceneConfig has no option 'edges'; it has: add, remove"):
        SceneConfig.from_dict({"edges": []})


@pytest.mark.parametrize(
    ("do", "error", "sentence"),
    [
        ({"hatt": "cap"}, UnknownVariableError, "'hatt' is not a variable of this world. Did you mean 'hat'"),
        ({"hat": "beret"}, InterventionError, "'hat' cannot be 'beret': its labels are none, cap, crown"),
        ({"size": "large"}, InterventionError, "'size' is continuous and cannot be 'large'"),
        ({"size": float("nan")}, InterventionError, "cannot be held at nan"),
        ({"size": float("inf")}, InterventionError, "cannot be held at inf"),
        ({"size": (1.0, 2.0)}, InterventionError, "'size' is held at one number"),
    ],
)
def test_an_intervention_that_means_nothing_says_why(do, error, sentence):
    with pytest.raises(error, match=sentence):
        FigureWorld("complex").sample(2, do=do)


def test_unknown_forms_and_views_are_refused():
    with pytest.raises(OptionError, match="form is one of simple, complex, got 'hard'"):
        FallWorld("hard")
    with pytest.raises(OptionError, match="there is no view 'right'; this world has front, left, back, bird"):
        FallWorld().render(FallWorld().sample(1), view="right")
