"""The verbs: a folder of pictures and a folder of a network, cut by `do`, told, exported, saved and loaded."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModelForImageClassification

from aitia.do import Intervention
from aitia.errors import DataError, InterventionError, OptionError, RunError, UnknownVariableError
from aitia.nn.vision import load_classifier
from aitia.nn.weights import read_weights
from aitia.system import Given, example_of, load
from aitia.systems.path_interventions import PathInterventions
from aitia.systems.path_interventions.units import logits_of


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return example_of("path-interventions", tmp_path_factory.mktemp("shapes"))


@pytest.fixture(scope="module")
def fitted(example):
    return PathInterventions(**example.options).fit(example.files, **example.roles, **example.subjects)


def net() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)).eval()
    with torch.no_grad():
        for layer in (0, 2, 4):
            model[layer].weight *= 2
    return model


@pytest.fixture(scope="module")
def rows():
    numbers = np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32)
    return {f"x{k}": numbers[:, k].astype(float) for k in range(6)}


def values(rows) -> torch.Tensor:
    return torch.from_numpy(np.column_stack(list(rows.values()))).float()


def test_pictures_of_a_folder_are_filled_with_what_the_network_says(example, fitted):
    classifier = load_classifier(example.subjects["model"])
    assert fitted.classes == classifier.labels
    filled = fitted.predict(example.rows)
    with torch.no_grad():
        said = classifier.model(classifier.prepare(filled.pictures("image"))).logits
    assert filled.labels("shape").tolist() == [classifier.labels[k] for k in said.argmax(dim=1).tolist()]
    shares = fitted.predict_proba(example.rows)
    assert shares.names == classifier.labels
    assert np.allclose(shares.matrix(), torch.softmax(said.double(), dim=1), atol=1e-6)
    twice = fitted.predict(example.rows, draws=2)
    assert twice.column("draw").tolist() == [0.0, 1.0] * len(filled)


def test_a_label_that_is_known_stays_and_only_holes_are_filled(rows):
    model = PathInterventions(which="all").fit(rows, model=net())
    with torch.no_grad():
        said = net()(values(rows)).argmax(dim=1).tolist()
    told = model.predict({**rows, "label": ["2", None] * 30}).labels("label").tolist()
    assert told == [("2", str(k))[row % 2] for row, k in enumerate(said)]
    with pytest.raises(OptionError, match="draws none of its own"):
        model.sample(2)


def test_labels_of_the_fit_say_which_rows_are_right_and_an_empty_one_is_taken_from_the_network(rows):
    with torch.no_grad():
        said = net()(values(rows)).argmax(dim=1).numpy()
    target = int(np.bincount(said).argmax())
    own = np.flatnonzero(said == target)
    wrong = [str((k + 1) % 3) if row == own[0] else str(k) for row, k in enumerate(said)]
    open_ = [None if row == own[0] else label for row, label in enumerate(wrong)]
    few, all_ = (PathInterventions().fit({**rows, "class": labels}, model=net()).found for labels in (wrong, open_))
    assert (len(few.observed), len(all_.observed)) == (len(own) - 1, len(own))
    names = ("ant", "bee", "cow")
    named = {**rows, "class": [names[k] for k in said]}
    with pytest.raises(DataError, match=r"'ant' is no number of a class|'bee' is no|'cow' is no"):
        PathInterventions().fit(named, model=net())
    model = PathInterventions(classes=names, of_class=names[target]).fit(named, model=net())
    assert model.found.target == target
    assert set(model.graphs()) == {names[target]}
    with pytest.raises(DataError, match="Did you mean 'cow'"):
        PathInterventions(classes=names, of_class="cows").fit(named, model=net())


def test_do_of_a_unit_is_a_network_whose_paths_are_written(rows):
    model = PathInterventions(which="all", score="log-probability").fit(rows, model=net())
    effects = model.found.layer("2").effects
    assert "0[unit=1]" in model.targets.names
    for value in (0.0, 0.25, 1.0):
        twin = net()
        with torch.no_grad():
            twin[2].weight[list(effects), 1] *= value
            expected = torch.softmax(twin(values(rows)).double(), dim=1)
        for do in ({"0[unit=1]": value}, {"2[source=1]": value}):
            assert np.allclose(model.do(do).predict_proba(rows).matrix(), expected, atol=1e-6)
    twin = net()
    with torch.no_grad():
        twin[2].weight[:, 1] = 0.0
        twin[4].weight[:, 3] = 0.0
        expected = torch.softmax(twin(values(rows)).double(), dim=1)
    whole = PathInterventions(which="all", whole=True).fit(rows, model=net())
    held = whole.do("do(0[unit=1]=0)").do("do(2[unit=3]=0)")
    assert np.allclose(held.predict_proba(rows).matrix(), expected, atol=1e-6)
    assert np.allclose(held.do({"0[unit=1]": 1.0, "2[unit=3]": 1}).predict_proba(rows).matrix(),
                       whole.predict_proba(rows).matrix(), atol=1e-7)  # fmt: skip


def test_do_of_the_graph_is_what_the_explanation_gives(rows):
    model = PathInterventions(which="all").fit(rows, model=net())
    on, images = model.explained, values(rows)
    for way, system in (("absent", on.without()), ("only", on.only()), ("random", on.at_random(0))):
        with torch.no_grad():
            expected = torch.softmax(logits_of(system(images)).double(), dim=1)
        assert np.allclose(model.do(graph=way).predict_proba(rows).matrix(), expected, atol=1e-6), way
    one = model.do({"4": "absent"})
    with torch.no_grad():
        expected = torch.softmax(on.without(["4"])(images).double(), dim=1)
    assert np.allclose(one.predict_proba(rows).matrix(), expected, atol=1e-6)
    both = model.do({"4": "absent", "2": "absent"}).predict_proba(rows).matrix()
    assert np.allclose(both, model.do(graph="absent").predict_proba(rows).matrix(), atol=1e-6)
    assert model.held == Intervention()


def test_what_is_no_target_is_refused_with_the_nearest(fitted, rows):
    with pytest.raises(UnknownVariableError, match="Did you mean 'graph'"):
        fitted.do(graf="absent")
    with pytest.raises(InterventionError, match="one of absent, only, random"):
        fitted.do(graph="gone")
    model = PathInterventions(which="all").fit(rows, model=net())
    for wrong in ("0[unit=9]", "2[source=9]", "9[unit=0]", "0", "0[head=1]"):
        with pytest.raises(UnknownVariableError):
            model.do({wrong: 0})
    with pytest.raises(InterventionError, match="multiplied by one number"):
        model.do("do(0[unit=1]=shift(1))")
    with pytest.raises(OptionError, match="pictures, or columns of numbers"):
        PathInterventions().fit({"a": ["x", "y"] * 5}, label="a", model=net())


def test_effects_are_those_of_the_fit_or_measured_on_other_rows(rows):
    model = PathInterventions(which="all").fit(rows, model=net())
    of_fit, again = model.effects(), model.effects(rows)
    assert of_fit.names[:6] == ("target", "outcome", "effect", "low", "high", "control")
    assert np.allclose(of_fit.column("effect"), again.column("effect"), atol=1e-6)
    assert of_fit.labels("target")[0].endswith("=0")
    few = {name: column[:20] for name, column in rows.items()}
    other = model.effects(few)
    assert not np.allclose(of_fit.column("effect"), other.column("effect"))
    assert of_fit.column("cause").tolist() == other.column("cause").tolist()
    one = model.effects(target="0[unit=1]")
    assert set(one.labels("target")) == {"0[unit=1]=0"}
    cut = model.do({"0[unit=1]": 0}).predict_proba(rows)
    assert cut.n == 60
    with pytest.raises(UnknownVariableError, match="not explained here"):
        model.effects(outcome="7")
    with pytest.raises(UnknownVariableError):
        model.effects(target="0[unit=77]")


def test_the_effect_of_what_is_held_is_told_beside_as_many_paths_at_random(rows):
    model = PathInterventions(which="all").fit(rows, model=net())
    held = model.do(graph="absent")
    table, target = held.effects(rows), model.found.target
    with torch.no_grad():
        before, after = net()(values(rows))[:, target], model.explained.without()(values(rows))[:, target]
        control = [float((model.explained.at_random(s)(values(rows))[:, target] - before).mean()) for s in range(5)]
    assert table.n == 1
    assert table.labels("target").tolist() == ['graph="absent"']
    assert table.column("effect")[0] == pytest.approx(float((after - before).mean()), abs=1e-5)
    assert table.column("low")[0] <= table.column("effect")[0] <= table.column("high")[0]
    assert table.column("control")[0] == pytest.approx(float(np.mean(control)), abs=1e-5)
    with pytest.raises(OptionError, match="takes rows"):
        held.effects()


def test_the_control_of_a_unit_is_near_nothing_where_its_effect_is_not():
    """By hand: one unit speaks for class 0 alone, so paths to outputs drawn at random, never those of class 0, do 0."""
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 8)).eval()
    with torch.no_grad():
        model[0].weight[:], model[0].bias[:] = torch.eye(2), 0.0
        model[2].weight[:], model[2].bias[:] = 0.0, 0.0
        model[2].weight[0, 0] = 1.0
    x = np.abs(np.random.default_rng(0).normal(size=(20, 2))) + 0.5
    table = PathInterventions(of_class="0").fit({"a": x[:, 0], "b": x[:, 1]}, model=model).effects()
    assert table.column("effect")[0] == pytest.approx(-x[:, 0].mean(), abs=1e-5)
    drawn = np.random.default_rng([0, 23]).choice(8, 1, replace=False)[0]
    expected = -x[:, 0].mean() / 2 if drawn == 0 else 0.0
    assert table.column("control")[0] == pytest.approx(expected, abs=1e-6)


def test_a_network_is_exported_with_what_is_held_in_its_weights(example, fitted, rows, tmp_path):
    held = fitted.do(graph="absent")
    held.export(tmp_path / "net")
    again = load_classifier(tmp_path / "net")
    images = fitted.classifier.prepare(fitted.given(example.rows).pictures("image"))
    with torch.no_grad():
        expected = held.explained.without()(images).logits
        assert torch.allclose(again.model(images).logits, expected, atol=1e-5)
        theirs = AutoModelForImageClassification.from_pretrained(tmp_path / "net").eval()
        assert torch.allclose(theirs(images).logits, expected, atol=1e-5)
    model = PathInterventions(which="all", whole=True).fit(rows, model=net())
    model.do({"0[unit=1]": 0}).export(tmp_path / "plain")
    tensors, _ = read_weights(tmp_path / "plain" / "model.safetensors")
    assert not tensors["2.weight"][:, 1].any()
    assert torch.equal(tensors["2.weight"][:, 0], net()[2].weight[:, 0])


def test_it_is_saved_with_what_it_holds_and_goes_with_its_own_network_only(example, fitted, rows, tmp_path):
    held = fitted.do("do(graph=only)")
    held.save_pretrained(tmp_path / "run")
    again = load(tmp_path / "run")
    assert again.held == held.held
    assert again.roles == held.roles
    assert again.predict(example.rows).hash() == held.predict(example.rows).hash()
    assert again.effects(example.files).hash() == held.effects(example.files).hash()
    model = PathInterventions(which="all").fit(rows, model=net())
    model.save_pretrained(tmp_path / "plain")
    bound = load(tmp_path / "plain", model=net())
    assert bound.predict(rows).hash() == model.predict(rows).hash()
    assert bound.graph == model.graph
    other = net()
    with torch.no_grad():
        other[0].bias[0] += 1
    with pytest.raises(RunError, match="give that one"):
        load(tmp_path / "plain", model=other)
    alone = load(tmp_path / "plain")
    assert alone.effects().hash() == model.effects().hash()
    with pytest.raises(RunError, match="give that one"):
        alone.predict(rows)


def test_maps_stability_agreement_and_what_is_beyond_are_those_of_the_explanation(example, fitted):
    given = fitted.given(example.rows)
    images = fitted.classifier.prepare(given.pictures("image"))
    layer = next(x.layer for x in fitted.found.layers if "convolution" in x.layer and x.causes.any())
    assert np.array_equal(fitted.attribute(example.rows, layer=layer), fitted.explained.attribute(images, layer))
    assert fitted.attribute(example.rows, layer=layer).shape == (12, 16, 16)
    told = fitted.stability(example.rows, layer=layer, betas=[0.0], times=1)
    assert (
        told.column("overlap").tolist()
        == fitted.explained.stability(layer, images, betas=[0.0], draws=1, seed=0).column("overlap").tolist()
    )
    assert fitted.agreement(fitted) == 1
    assert fitted.share == fitted.found.share
    assert not any(x.causes.any() for x in fitted.beyond(fitted).found.layers)
    assert fitted.layer(layer) is fitted.found.layer(layer)
    assert fitted.found.layer(layer).causes.any()


def test_a_repair_takes_the_rows_with_the_cue_and_without(rows):
    """The first number is the cue, and speaks for class 0 through a unit of its own."""
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3)).eval()
    with torch.no_grad():
        model[0].weight[:], model[0].bias[:] = torch.eye(3), 0.0
        model[2].weight[:], model[2].bias[:] = 0.0, 0.0
        model[2].weight[0, 0], model[2].weight[1, 1], model[2].weight[2, 2] = 5.0, 1.0, 1.0
    rng = np.random.default_rng(0)
    rest = np.abs(rng.normal(size=(40, 2)))
    table = {
        "cue": np.ones(40),
        "a": rest[:, 0],
        "b": rest[:, 1],
        "none": np.zeros(40),
        "a2": rest[:, 0],
        "b2": rest[:, 1],
    }
    table["label"] = [str(1 + int(b > a)) for a, b in rest]
    roles = {"inputs": ["cue", "a", "b"], "reference_inputs": ["none", "a2", "b2"]}
    found = PathInterventions(which="all", of_class="0", test="paired").fit(table, model=model, **roles)
    done = found.repair(table, layer="2", counts=(1,))
    assert done.units == (0,)
    assert done.tried.column("gap").tolist() == [1.0, 0.0]
    with pytest.raises(OptionError, match="without the cue as well"):
        found.repair({name: table[name] for name in ("cue", "a", "b", "label")}, layer="2")


def test_the_graph_is_judged_beside_paths_at_random_and_reported(example, fitted):
    given = Given.of(fitted.card, example.files, **example.roles, **example.subjects)
    scores = fitted.judge(given, given)
    lost = scores["probability lost"]
    assert lost.better == "higher"
    said = fitted.predict_proba(given).matrix()
    mine = said.argmax(axis=1) == fitted.found.target
    without = fitted.do(graph="absent").predict_proba(given).matrix()
    assert lost.value == pytest.approx((said - without)[mine, fitted.found.target].mean())
    assert set(lost.baselines) == {"as many paths at random", "nothing cut"}
    assert 0 <= scores["AUROC of the graph alone"].value <= 1
    page = "".join(block.html() for block in fitted.report(given))
    assert "<svg" in page
    assert "as it is" in page
    assert "rows" in fitted.work(given)


def test_the_network_and_the_system_stay_as_they_were(rows):
    model = net()
    before = copy.deepcopy(model.state_dict())
    fitted = PathInterventions(which="all").fit(rows, model=model)
    fitted.do(graph="absent").predict(rows)
    assert fitted.do().predict_proba(rows).hash() == fitted.predict_proba(rows).hash()
    assert all(torch.equal(leaf, before[name]) for name, leaf in model.state_dict().items())
    with pytest.raises(OptionError, match="has not been fitted"):
        PathInterventions().predict(rows)
    with pytest.raises(DataError, match="6 numbers, which are no 2x2: set shape"):
        PathInterventions(shape=(2, 2)).fit(rows, model=net())
