"""The generator with labelled causes: counterfactuals against a scene whose truth is known, and what it refuses."""

import warnings

import numpy as np
import pytest
import torch
from tests.systems.causal_vae.trained import GRAPH, draw, image_set, length_of, scene
from tests.trained import read
from torch.distributions import Normal, kl_divergence

from aitia.data.table import Table
from aitia.do import counterfactual
from aitia.errors import DataError, FormatError, GraphError, OptionError, RangeWarning, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.representations.learnt_graph import learnt_graph
from aitia.system import Given, load, verbs_of
from aitia.system.example import example_of
from aitia.systems.causal_vae import CausalVae, CausalVaeConfig, network
from aitia.systems.causal_vae.network import Network
from aitia.systems.domain_counterfactuals import DomainCounterfactuals


def pixels(rows):
    return rows.pictures("image")


@pytest.fixture(scope="module")
def trained():
    return read("causal_vae")


def pixel_error(a, b):
    return ((a / 255.0 - b / 255.0) ** 2).mean()


def test_a_counterfactual_moves_what_follows_and_keeps_the_rest(trained):
    facts = image_set(200, 5)
    height, noise, hue = draw(200, 5)
    answer = trained.counterfactual(facts, "do(height=0.3)")
    lengths = length_of(np.full(200, 0.3), noise)
    truth = scene(np.full(200, 0.3), lengths, hue)
    assert np.allclose(answer.column("height"), 0.3)
    assert np.abs(answer.column("length") - lengths).mean() < 0.02
    nothing = pixel_error(pixels(facts), truth)
    frozen = pixel_error(scene(np.full(200, 0.3), length_of(height, noise), hue), truth)
    assert pixel_error(pixels(answer), truth) < 0.5 * nothing
    assert pixel_error(pixels(answer), truth) < frozen, "the shadow has to follow the bar"


def test_the_end_of_a_chain_does_not_move_its_cause(trained):
    facts = image_set(50, 6)
    answer = trained.counterfactual(facts, "do(length=0.5)")
    assert np.allclose(answer.column("height"), facts.column("height"), atol=1e-5)


def test_doing_nothing_reconstructs(trained):
    facts = image_set(100, 7)
    answer = counterfactual(trained, facts, "do()")
    assert pixel_error(pixels(answer), pixels(facts)) < 0.01
    assert np.allclose(answer.column("length"), facts.column("length"), atol=1e-4)


def test_causes_are_read_from_the_image_where_there_are_no_labels(trained):
    facts = image_set(100, 8)
    bare = Table.of({"row": np.arange(100), "image": pixels(facts)})
    read = trained.encode(bare)
    assert np.corrcoef(read.column("height"), facts.column("height"))[0, 1] > 0.98
    assert trained.counterfactual(bare, "do(height=0.5)").names == ("row", "image", "height", "length")


def test_actions_other_than_a_value_speak_the_units_of_the_labels(trained):
    facts = image_set(50, 9)
    answer = trained.counterfactual(facts, "do(height=shift(0.1))")
    assert np.allclose(answer.column("height"), facts.column("height") + 0.1, atol=1e-5)


def test_a_value_beyond_the_training_is_answered_with_a_warning_that_says_by_how_much(trained):
    facts = image_set(3, 10)
    with pytest.warns(RangeWarning, match=r"height=1.4 lies 0\.5\d* outside of the trained range"):
        answer = trained.counterfactual(facts, "do(height=1.4)")
    assert np.allclose(answer.column("height"), 1.4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained.counterfactual(facts, "do(height=0.5)")


def test_a_saved_model_answers_the_same_and_another_class_refuses_it(tmp_path, trained):
    facts = image_set(10, 11)
    trained.save_pretrained(tmp_path)
    again = CausalVae.from_pretrained(tmp_path)
    assert again.graph == trained.graph
    query = "do(height=0.4)"
    assert np.array_equal(pixels(again.counterfactual(facts, query)), pixels(trained.counterfactual(facts, query)))
    with pytest.raises(FormatError, match="holds a CausalVae, not a DomainCounterfactuals"):
        DomainCounterfactuals.from_pretrained(tmp_path)


def test_the_same_seed_gives_the_same_model():
    rows = image_set(60, 1)
    one, two = (CausalVae(steps=4, width=4).fit(rows) for _ in range(2))
    assert one.encode(rows) == two.encode(rows)


def test_without_a_graph_every_label_stands_for_itself():
    rows = image_set(60, 1)
    model = CausalVae(steps=4, width=4).fit(rows)
    answer = model.counterfactual(rows, "do(height=0.5)")
    assert np.allclose(answer.column("length"), rows.column("length"), atol=1e-5)


def small_network(**options):
    """A network whose mechanisms are not those that it starts at, with three rows or more to see."""
    torch.manual_seed(0)
    net = Network(CausalVaeConfig(width=4, residual=3, **options), Graph(GRAPH), 8)
    with torch.no_grad():
        net.causes.second.normal_()
    return net


def test_the_loss_is_that_of_its_parts_by_hand():
    net = small_network(kl_weight=0.7, label_weight=2.0)
    x, y = torch.rand(5, 3, 8, 8), torch.randn(5, 2)
    torch.manual_seed(1)
    told = {name: part.item() for name, part in net(x, y).items()}
    torch.manual_seed(1)
    z, w = (
        Normal(mean, torch.exp(0.5 * spread)) for mean, spread in zip(net.read(x)[::2], net.read(x)[1::2], strict=True)
    )
    drawn = [law.mean + law.stddev * torch.randn_like(law.mean) for law in (z, w)]
    error = (net.decode(*drawn) - x).square().sum() / 5
    kl = kl_divergence(w, Normal(0.0, 1.0)).sum() / 5
    label = -z.log_prob(y).sum() / 5
    shift, log_scale = net.causes.mechanisms(y)
    prior = -Normal(shift, log_scale.exp()).log_prob(y).sum() / 5
    by_hand = {"squared error": error, "kl": kl, "label": label, "causal prior": prior}
    by_hand["loss"] = (error + 0.7 * kl + 2 * label) / 100 + prior
    assert told == pytest.approx({name: part.item() for name, part in by_hand.items()}, rel=1e-4)


@torch.no_grad()
def test_the_loss_of_held_out_rows_is_their_mean_whatever_the_pieces(monkeypatch):
    net = small_network()
    x, y = torch.rand(5, 3, 8, 8), torch.randn(5, 2)
    monkeypatch.setattr(network, "AT_ONCE", 3)
    torch.manual_seed(1)
    told = net.loss_of(x, y)
    torch.manual_seed(1)
    one, two = (net(x[rows], y[rows])["loss"].item() for rows in (slice(3), slice(3, 5)))
    assert told == pytest.approx((3 * one + 2 * two) / 5)


# -- what it refuses -------------------------------------------------------------------------------------------------


def test_unknown_causes_are_refused_with_the_nearest(trained):
    with pytest.raises(UnknownVariableError, match="Did you mean 'height'"):
        trained.counterfactual(image_set(2, 0), "do(hieght=1)")
    with pytest.raises(UnknownVariableError, match="'width' is not a variable"):
        CausalVae(steps=1).fit(image_set(20, 0).with_columns({"other": np.arange(20.0)}), cause="width")
    with pytest.raises(UnknownVariableError, match="'width' is not a variable"):
        CausalVae(graph="width -> height", steps=1).fit(image_set(20, 0))
    with pytest.raises(UnknownVariableError, match="'light'"):
        CausalVae(graph="light -> height", steps=1).fit(image_set(20, 0), cause=["height"])


def test_bad_labels_and_images_are_refused(trained):
    rows = image_set(20, 0)
    flat = rows.with_columns({"height": np.ones(20)}, kinds={"height": "number"})
    words = rows.with_columns({"height": ["low", "high"] * 10})
    holed = rows.with_columns({"height": [None, *range(1, 20)]}, kinds={"height": "number"})
    with pytest.raises(DataError, match="'height' is constant"):
        CausalVae(graph=GRAPH, steps=1).fit(flat)
    with pytest.raises(DataError, match="'height' holds labels, not numbers"):
        CausalVae(graph=GRAPH, steps=1).fit(words)
    with pytest.raises(DataError, match="'height' has no value in 1 rows"):
        CausalVae(graph=GRAPH, steps=1).fit(holed)
    with pytest.raises(DataError, match="no label that is a number"):
        CausalVae(steps=1).fit(Table.of({"image": pixels(rows), "name": ["a", "b"] * 10}))
    with pytest.raises(DataError, match="8x8, this model was trained on 16x16"):
        trained.counterfactual(rows.with_columns({"image": pixels(rows)[:, :8, :8]}), "do()")
    with pytest.raises(DataError, match="square"):
        CausalVae(steps=1).fit(rows.with_columns({"image": pixels(rows)[:, :8]}))
    with pytest.raises(DataError, match="at least 2 images"):
        CausalVae(steps=1, graph=GRAPH).fit(rows.take([0]))
    with pytest.raises(GraphError):
        CausalVae(graph="height -- length", steps=1).fit(rows)


def test_options_out_of_range_are_refused():
    for wrong in ({"residual": -1}, {"held_out": 1.0}, {"label_weight": 0.0}, {"width": 0}, {"alpha": 1.0}):
        with pytest.raises(OptionError):
            CausalVaeConfig(**wrong)
    with pytest.raises(OptionError, match="call fit first"):
        CausalVae().encode(image_set(2, 0))
    with pytest.raises(OptionError, match="causal-vae has no option"):
        CausalVae(latents=3)


# -- the contract ----------------------------------------------------------------------------------------------------


def test_the_verbs_and_targets_are_those_of_the_card(trained):
    assert verbs_of(CausalVae) == CausalVae.card.verbs
    assert trained.targets.names == ("height", "length")
    assert trained.graph == trained.graphs()["causes"] == Graph(GRAPH)


def test_a_folder_of_pictures_is_fitted_saved_and_asked_by_path(tmp_path):
    example = example_of("causal-vae", tmp_path / "files", 0)
    model = CausalVae(**example.options).fit(example.files)
    held = model.do(example.do)
    held.save_pretrained(tmp_path / "saved")
    again = load(tmp_path / "saved")
    assert again.held == held.held
    assert again.roles == held.roles == {"image": "image", "cause": ("height", "length")}
    noise = again.abduct(example.files)
    assert again.solve(noise) == held.solve(held.abduct(example.files))
    assert np.allclose(again.solve(noise).column("height"), 0.4)
    assert again.solve(noise) != model.do(example.other).solve(noise)
    filled = again.predict(example.rows)
    assert filled.n == 5
    assert not any(filled.missing(name) for name in ("image", "height", "length"))


def test_the_fact_comes_back_to_the_byte_as_the_noise_of_the_pixels_is_kept(trained):
    facts = image_set(200, 0)
    assert np.array_equal(pixels(trained.counterfactual(facts)), pixels(facts))
    assert trained.bound == {}, "it is exact"


def test_the_noise_of_the_pixels_is_added_to_what_the_network_draws(trained):
    facts, query = image_set(20, 3), "do(height=0.5)"
    noise = trained.abduct(facts)
    net, (z, w) = trained._net, (torch.from_numpy(noise.parts[name]) for name in ("u", "w"))
    with torch.no_grad():
        drawn = net.decode(net.causes(z, {}), w).permute(0, 2, 3, 1).numpy()
        moved = net.decode(trained.do(query)._moved(z), w).permute(0, 2, 3, 1).numpy()
    told = np.round(255 * np.clip(moved + pixels(facts) / 255.0 - drawn, 0, 1))
    assert np.abs(pixels(trained.counterfactual(facts, query)).astype(float) - told).max() <= 1


def test_a_row_that_lacks_a_cause_keeps_the_others(trained):
    facts = image_set(30, 3)
    height = facts.column("height").copy()
    height[4] = np.nan
    back = trained.counterfactual(facts.with_columns({"height": height}), "do()")
    assert np.isfinite(back.column("height")).all()
    assert np.allclose(np.delete(back.column("height"), 4), np.delete(facts.column("height"), 4), atol=1e-5)
    assert abs(back.column("height")[4] - facts.column("height")[4]) < 0.1


def test_holes_are_filled_and_what_is_there_stays(trained):
    facts = image_set(4, 3)
    holed = facts.with_columns(
        {"height": [None, 0.5, None, facts.column("height")[3]], "length": [None, 0.5, None, None]},
        kinds={"height": "number", "length": "number"},
    ).with_columns({"image": [pixels(facts)[0], None, None, pixels(facts)[3]]}, kinds={"image": "picture"})
    filled = trained.predict(holed, draws=2, seed=1)
    assert len(filled) == 8
    assert not filled.missing("image")
    assert np.array_equal(pixels(filled)[0], pixels(facts)[0])
    assert np.allclose(filled.column("height")[[0, 1]], facts.column("height")[0], atol=0.1)
    assert np.array_equal(filled.column("height")[[2, 3, 6, 7]], [0.5, 0.5, *facts.column("height")[[3, 3]]])
    assert filled.column("height")[4] != filled.column("height")[5], "draws of a row of which nothing is known differ"
    truth = scene(np.array([0.5]), np.array([0.5]), np.array([0.5]))
    assert pixel_error(pixels(filled)[2:4], truth) < 0.5 * pixel_error(pixels(facts)[3:], truth)
    with pytest.raises(DataError, match="row 1 has no picture and some causes"):
        trained.predict(holed.with_columns({"length": [0.1, None, None, 0.2]}, kinds={"length": "number"}))


def test_samples_follow_the_graph_and_do_cuts_it(trained):
    free = trained.sample(400, seed=2)
    held = trained.do(length=0.5).sample(400, seed=2)
    assert np.corrcoef(free.column("height"), free.column("length"))[0, 1] > 0.8
    assert np.allclose(held.column("height"), free.column("height"), atol=1e-5)
    assert np.allclose(held.column("length"), 0.5, atol=1e-5)
    assert np.ptp(trained.do(height=0.5).sample(400, seed=2).column("length")) > 0.1


def test_a_graph_is_learnt_on_the_labels_and_what_is_open_is_said():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 500))
    labels = Table.of({"a": a, "b": b, "c": a + b + 0.5 * rng.normal(size=500)})
    graph, notes = learnt_graph(labels, 0.01)
    assert graph == Graph("a -> c; b -> c")
    assert not any("leave open" in note for note in notes)
    longer = labels.with_columns({"d": labels.column("c") + 0.5 * rng.normal(size=500)})
    graph, notes = learnt_graph(longer, 0.01)
    assert graph == Graph("a -> c; b -> c; c -> d")
    assert not any("leave open" in note for note in notes), "what follows from a collider is directed too"
    graph, notes = learnt_graph(labels.select(["a", "c"]), 0.01)
    assert graph.is_dag
    assert len(graph.edges) == 1
    assert "leave open which way a --- c point" in notes[-1]
    rows = labels.with_columns({"image": rng.integers(0, 256, (500, 8, 8, 3), dtype=np.uint8)})
    model = CausalVae(graph="learn", alpha=0.01, steps=2, width=4).fit(rows)
    assert model.graph == Graph("a -> c; b -> c")
    assert "searched for" in model.training.notes[1]


def test_that_no_graph_is_given_is_said():
    model = CausalVae(steps=2, width=4).fit(image_set(20, 0))
    assert model.training.notes[1] == "No graph given: the causes are taken as independent."
    assert "given" in CausalVae.__doc__.splitlines()[0]


def test_a_world_gives_its_graph_and_its_truth():
    from aitia.worlds import PendulumWorld

    world = PendulumWorld()
    given = Given.of_world(CausalVae.card, world, 60, seed=0, size=16)
    model = CausalVae(steps=3, width=4).fit(given)
    assert set(model.graph.edges) == set(world.graph.subgraph(model.causes).edges)
    assert model.graph.edges
    fresh = given.fresh(CausalVae.card, 12, seed=5)
    scores = model.judge(fresh, given)
    assert set(scores) == {"counterfactual MSE", "effectiveness", "composition error", "reversibility error"}
    assert scores["counterfactual MSE"].baselines["do nothing"] > 0
    assert scores["effectiveness"].baselines["the truth itself"] < scores["effectiveness"].value
    assert len(model.report(fresh)) >= len(model.causes)
