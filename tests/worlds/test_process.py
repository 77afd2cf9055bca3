"""The configurable process: its equation, its graph, its environments, and what it refuses."""

import json

import numpy as np
import pytest

from aitia.errors import AitiaError, GraphError, OptionError, UnknownVariableError
from aitia.graph.lagged import summary
from aitia.worlds import DomainShift, LatentProcessWorld, LogEntry, Mechanism, ProcessConfig

CHAIN = ProcessConfig(
    latents=3,
    edges=("z1[t-1] -> z2", "z1 -> z2", "z2[t-2] -> z3[t]"),
    lags=2,
    mechanisms={
        "z1": Mechanism(weights=(0.5, 0.2)),
        "z2": Mechanism(weights=(1.0, -0.4, 0.3, 0.1)),
        "z3": Mechanism(weights=(0.6, 0.7, -0.2)),
    },
)


def world(**options):
    return LatentProcessWorld(ProcessConfig(**options))


def solved_by_hand(noise):
    """CHAIN, written out; parents stand by lag and then by name."""
    u1, u2, u3 = (0.5 * noise[name] for name in ("z1", "z2", "z3"))
    z1, z2, z3 = (np.zeros((len(u1), 18)) for _ in range(3))  # two frames of zeros before the first
    for t in range(2, 18):
        z1[:, t] = 0.5 * z1[:, t - 1] + 0.2 * z1[:, t - 2] + u1[:, t - 2]
        z2[:, t] = 1.0 * z1[:, t] - 0.4 * z1[:, t - 1] + 0.3 * z2[:, t - 1] + 0.1 * z2[:, t - 2] + u2[:, t - 2]
        z3[:, t] = 0.6 * z3[:, t - 1] + 0.7 * z2[:, t - 2] - 0.2 * z3[:, t - 2] + u3[:, t - 2]
    return {"z1": z1[:, 2:], "z2": z2[:, 2:], "z3": z3[:, 2:]}


def test_a_linear_process_solves_its_equation():
    sample = LatentProcessWorld(CHAIN).sample(20, seed=1)
    for name, values in solved_by_hand(sample.noise).items():
        assert np.allclose(sample[name], values, atol=1e-12)


def test_a_counterfactual_is_the_noise_found_by_hand_put_through_the_changed_equation():
    process = LatentProcessWorld(CHAIN)
    fact = process.sample(20, seed=1)
    # Abduct from the values alone: u1(t) = z1(t) - 0.5 z1(t-1) - 0.2 z1(t-2), divided by the scale 0.5.
    z = {name: np.pad(fact[name], ((0, 0), (2, 0))) for name in fact.latents}
    now, one, two = ({name: v[:, 2 - k : 18 - k] for name, v in z.items()} for k in range(3))
    u = {
        "z1": (now["z1"] - 0.5 * one["z1"] - 0.2 * two["z1"]) / 0.5,
        "z2": (now["z2"] - now["z1"] + 0.4 * one["z1"] - 0.3 * one["z2"] - 0.1 * two["z2"]) / 0.5,
        "z3": (now["z3"] - 0.6 * one["z3"] - 0.7 * two["z2"] + 0.2 * two["z3"]) / 0.5,
    }
    assert all(np.allclose(u[name], fact.noise[name], atol=1e-10) for name in u)
    other = process.counterfactual(fact, {"z1": 2.0})
    z2 = np.zeros((20, 18))
    z1 = np.concatenate([np.zeros((20, 2)), np.full((20, 16), 2.0)], axis=1)
    for t in range(2, 18):
        z2[:, t] = z1[:, t] - 0.4 * z1[:, t - 1] + 0.3 * z2[:, t - 1] + 0.1 * z2[:, t - 2] + 0.5 * u["z2"][:, t - 2]
    assert np.allclose(other["z2"], z2[:, 2:], atol=1e-10)


def test_adjacencies_and_graphs_say_the_same():
    process = LatentProcessWorld(CHAIN)
    lag1, lag2 = process.lagged_adjacency
    assert lag1.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert lag2.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert process.instantaneous_adjacency.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert {(e.left, e.right) for e in process.graph.edges} == {("z1", "z2"), ("z2", "z3")}
    assert summary(process.lagged_graph).parents("z3") == ("z2",)
    assert process.config.parents("z2") == (("z1", 0), ("z1", 1), ("z2", 1), ("z2", 2))


@pytest.mark.parametrize("mechanism", ["linear", "mlp", "table"])
@pytest.mark.parametrize("noise", ["gaussian", "laplace", "uniform", "modulated"])
def test_every_mechanism_and_noise_gives_a_lawful_world(mechanism, noise):
    process = world(mechanism=mechanism, noise=noise, environments=3)
    assert process.check(n=100).holds
    sample = process.sample(3000)
    assert all(abs(sample.noise[name].std() - 1) < 0.02 for name in process.names)


def test_noise_families_have_their_tails():
    def kurtosis(noise):
        u = world(noise=noise).sample(4000).noise["z1"]
        return (u**4).mean()

    # By hand: the fourth moments at unit variance are 3, 6 and 9/5.
    assert kurtosis("gaussian") == pytest.approx(3, abs=0.15)
    assert kurtosis("laplace") == pytest.approx(6, abs=0.6)
    assert kurtosis("uniform") == pytest.approx(1.8, abs=0.03)


def test_modulated_noise_is_larger_where_the_past_is_far_from_zero():
    process = world(latents=1, noise="modulated", mechanisms={"z1": Mechanism(weights=(0.5,))})
    z = process.sample(2000)["z1"]
    left, past = np.abs(z[:, 1:] - 0.5 * z[:, :-1]), np.abs(z[:, :-1])
    # By hand: the size of the noise is proportional to 0.3 + 1.4 tanh|past|.
    near, far = left[past < 0.05].mean(), left[(past > 0.5) & (past < 0.6)].mean()
    assert far / near == pytest.approx((0.3 + 1.4 * np.tanh(0.55)) / (0.3 + 1.4 * np.tanh(0.025)), rel=0.1)


def test_frames_of_the_iid_control_are_independent():
    process = world(iid=True, latents=3)
    assert not process.lagged_adjacency.any()
    for values in process.sample(4000).latents.values():
        assert abs(np.corrcoef(values[:, 7], values[:, 8])[0, 1]) < 0.06
    dependent = world(latents=3).sample(4000)
    assert all(abs(np.corrcoef(v[:, 7], v[:, 8])[0, 1]) > 0.3 for v in dependent.latents.values())


def test_a_table_looks_up_the_nearest_level():
    config = ProcessConfig(
        latents=("a", "b"),
        edges=("a -> b",),
        self_lags=False,
        mechanisms={"b": Mechanism("table", weights=(10.0, 20.0, 40.0))},
        frames=2,
    )
    process = LatentProcessWorld(config)
    fact = process.sample(5)
    for value, answer in ((-9.0, 10.0), (-1.1, 10.0), (-0.9, 20.0), (0.9, 20.0), (1.1, 40.0), (9.0, 40.0)):
        b = process.counterfactual(fact, {"a": value})["b"]
        assert np.allclose(b - 0.5 * fact.noise["b"], answer)


def test_an_environment_changes_mean_scale_and_function_of_the_latents_it_names():
    shifts = (DomainShift("hot", "z2", mean=1.5, scale=2.0), DomainShift("wild", "z3", function=True))
    process = world(latents=3, environments=("cold", "hot", "wild"), shifts=shifts, iid=True, edges=("z1 -> z3",))
    assert process.changes == {"hot": ("z2",), "wild": ("z3",)}
    cold, hot, wild = (process.sample(50, seed=1, env=label) for label in process.environments)
    assert np.allclose(cold["z2"], 0.5 * cold.noise["z2"])
    assert np.allclose(hot["z2"], 1.5 + 2 * 0.5 * cold.noise["z2"])
    assert all(np.array_equal(cold[name], hot[name]) for name in ("z1", "z3"))
    assert np.array_equal(cold["z1"], wild["z1"])
    assert not np.allclose(cold["z3"], wild["z3"])
    assert np.allclose(wild["z3"], process.weights("z3", "wild")[0] * wild["z1"] + 0.5 * wild.noise["z3"])
    moved = process.counterfactual(cold, env="hot")
    assert np.array_equal(moved["z2"], hot["z2"])


def test_drawn_shifts_change_the_latents_that_were_named():
    process = world(environments=4, changing=("z1", "z3"))
    assert process.environments == ("e1", "e2", "e3", "e4")
    assert process.changes == dict.fromkeys(("e2", "e3", "e4"), ("z1", "z3"))


def test_the_log_holds_on_its_frames():
    config = ProcessConfig(log=(LogEntry("z1=1", (4, 8)), LogEntry("z2=shift(0.5)", (6, 7))))
    process = LatentProcessWorld(config)
    fact, logged = process.sample(5, seed=1), process.logged().sample(5, seed=1)
    assert (logged["z1"][:, 4:8] == 1).all()
    assert all(np.array_equal(fact[name][:, :4], logged[name][:, :4]) for name in process.names)


def test_a_configuration_survives_json():
    config = ProcessConfig(
        latents=("a", "b"),
        edges=("a[t-1] -> b",),
        mechanisms={"b": Mechanism("mlp", weights=((0.1, 0.2), (0.3, 0.4)))},
        environments=("one", "two"),
        shifts=(DomainShift("two", "a", mean=1.0),),
        log=(LogEntry("a=1", (2, 4)),),
    )
    again = ProcessConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    one, other = (LatentProcessWorld(each).sample(4) for each in (config, again))
    assert all(np.array_equal(one[name], other[name]) for name in "ab")


def test_a_mapping_may_name_a_mechanism_by_its_kind():
    config = ProcessConfig.from_dict({"latents": 2, "mechanisms": {"z1": "mlp"}, "add": ["z1 -> z2"]})
    assert config.mechanism_of("z1").kind == "mlp"
    assert ("z1", 0) in config.parents("z2")


def test_edges_are_added_and_removed():
    config = ProcessConfig(latents=3, edges=("z1 -> z2",), add=("z2 -> z3",), remove=("z1 -> z2", "z3[t-1] -> z3"))
    assert config.parents("z2") == (("z2", 1),)
    assert config.parents("z3") == (("z2", 0),)


def test_drawn_edges_depend_on_the_world_seed_alone():
    one, again, other = (world(latents=6, world_seed=seed) for seed in (1, 1, 2))
    assert one.lagged_graph == again.lagged_graph
    assert one.lagged_graph != other.lagged_graph


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"edges": ["z1 -> z2", "z2[t-1] -> z1"]}, GraphError, "the cycle z1 -> z2 -> z1; lagged edges count too"),
        ({"edges": ["z1 -> z2", "z2 -> z3", "z3 -> z1"]}, GraphError, "the cycle z1 -> z2 -> z3 -> z1"),
        ({"edges": ["z1 -> z1"]}, GraphError, "the cycle z1 -> z1"),
        ({"edges": ["z1 -> z9"]}, UnknownVariableError, "'z9' is not a variable of this process"),
        ({"edges": ["z1 to z2"]}, GraphError, r"an edge is text such as 'z1\[t-1\] -> z2', got 'z1 to z2'"),
        ({"edges": ["z1[t-3] -> z2"]}, OptionError, "has lag 3, the process 1: set lags=3"),
        ({"edges": [], "remove": ["z1 -> z2"]}, GraphError, "cannot be removed: it is not there"),
        ({"lags": 16}, OptionError, "below frames, got 16 lags and 16 frames"),
        ({"lags": 0}, OptionError, "at least 1"),
        ({"lags": "2"}, OptionError, "lags is a whole number, zero or more, got '2'"),
        ({"edges": "z1 -> z2"}, OptionError, "edges is a list of texts, got the one text 'z1 -> z2'"),
        ({"latents": 9}, OptionError, "1 to 8 latents"),
        ({"latents": ["a", "a"]}, OptionError, "different names"),
        (
            {"edges": ["z1 -> z2"], "mechanisms": {"z2": {"weights": [1.0]}}},
            OptionError,
            r"needs weights with shape \(2,\), one for each parent \(z1\[t\], z2\[t-1\]\); got shape \(1,\)",
        ),
        (
            {"edges": [], "mechanisms": {"z2": {"kind": "table", "weights": [[1.0, 2.0]]}}},
            OptionError,
            r"needs weights with 1 axes",
        ),
        (
            {"edges": [], "mechanisms": {"z2": {"kind": "mlp", "weights": [1.0, 2.0]}}},
            OptionError,
            r"needs weights with shape \(hidden, 1\)",
        ),
        ({"mechanisms": {"z2": {"kind": "spline"}}}, OptionError, "linear, mlp, table, got 'spline'"),
        ({"mechanisms": {"y": "mlp"}}, UnknownVariableError, "'y' is not a variable"),
        ({"mechanisms": {"z1": {"weights": [["a"]]}}}, OptionError, "weights are an array of numbers"),
        ({"mechanisms": {"z1": {"weights": [[1.0], [1.0, 2.0]]}}}, OptionError, "weights are an array of numbers"),
        ({"latents": 8, "mechanism": "table", "lagged_density": 1.0}, OptionError, "more than 4096"),
        ({"noise": "cauchy"}, OptionError, "gaussian, laplace, uniform, modulated, got 'cauchy'"),
        ({"noise_scale": 0.0}, OptionError, "noise_scale is positive"),
        ({"shifts": [{"environment": "e2", "latent": "z1"}]}, OptionError, "there are none"),
        ({"shifts": [{"latent": "z1"}]}, OptionError, "DomainShift got"),
        ({"log": [{"do": "z9=1", "frames": [0, 2]}]}, UnknownVariableError, "'z9'"),
        ({"log": [{"do": "z1=1", "frames": [0, 99]}]}, OptionError, "frames 0 to 99 are not among the 16"),
        ({"log": [{"do": "z1=1", "frames": [1]}]}, OptionError, "two whole numbers"),
        ({"colour": "red"}, OptionError, "ProcessConfig has no option 'colour'"),
    ],
)
def test_a_bad_configuration_is_refused_with_its_reason(options, error, sentence):
    with pytest.raises(error, match=sentence):
        ProcessConfig.from_dict(options)


def test_a_process_that_explodes_is_refused():
    config = ProcessConfig(latents=1, mechanisms={"z1": Mechanism(weights=(9.0,))})
    with pytest.raises(AitiaError, match="runs away to infinity"):
        LatentProcessWorld(config)
