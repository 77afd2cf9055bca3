import copy
from xml.dom.minidom import parseString

import numpy as np
import pytest
import torch
from scipy.special import rel_entr
from torch import nn

from aitia.errors import DataError, FormatError, InterventionError, OptionError, UnknownVariableError
from aitia.graph.formats import read_graph, write_graph
from aitia.nn.vision import load_classifier
from aitia.runs import QUIET, RunStore
from aitia.systems.path_interventions import CausalExplanation, PathInterventions, PathInterventionsConfig, repair
from aitia.systems.path_interventions.page import explanation_figure, explanation_report, write_explanation_report
from aitia.systems.path_interventions.selection import select
from aitia.systems.path_interventions.units import weight_mask
from aitia.systems.path_interventions.walk import walk
from aitia.worlds import ShapesWorld


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(96, 8), nn.ReLU(), nn.Linear(8, 3),
    ).eval()  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.fixture(scope="module")
def images():
    return torch.rand(60, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def labels(model, images):
    with torch.no_grad():
        return model(images).argmax(dim=1).numpy()


@pytest.fixture(scope="module")
def target(labels):
    return int(np.bincount(labels).argmax())


@pytest.fixture(scope="module")
def found(model, images, labels, target):
    return explain(model, images, labels, target, test="paired", images=20)


def explain(model, images, labels, target, /, rows="right", references=None, run=QUIET, **options):
    """What is found in rows of numbers, one image each."""
    data, given = {"pixels": images.flatten(1).numpy()}, {"inputs": "pixels", "model": model}
    if references is not None:
        data["others"], given["reference_inputs"] = references.flatten(1).numpy(), "others"
    if labels is not None:
        given["label"] = np.asarray(labels)
    probe = PathInterventions(of_class=target, which=rows, shape=tuple(images.shape[1:]), **options)
    return probe.fit(data, run=run, **given).explanation


def cells(explanation: CausalExplanation) -> np.ndarray:
    return np.concatenate([layer.changes for layer in explanation.layers])


# -- the method --------------------------------------------------------------------------------------------------------


def test_the_walk_goes_from_the_logit_down_and_causes_become_effects(found, target):
    assert [layer.layer for layer in found.layers] == ["9", "7", "4"]
    assert found.layers[0].effects == (target,)
    for above, below in zip(found.layers, found.layers[1:], strict=False):
        causes = sorted({unit for k in np.flatnonzero(above.causes) for _, unit in above.parents[k]})
        assert list(below.effects) == causes
    assert found.layers[1].blocks[2] == tuple(range(32, 48))
    assert found.layers[1].parents[2] == (("4", 2),)
    assert 0 < found.share < 1


def test_effects_are_those_of_weights_really_set_to_zero(model, images, found, target):
    with torch.no_grad():
        rows = torch.from_numpy(found.observed)
        said = model(images)[:, target].double()
        chosen = [int((said - value).abs().argmin()) for value in rows]
        for layer in found.layers:
            for k, block in enumerate(layer.blocks):
                twin = copy.deepcopy(model)
                at = dict(twin.named_modules())[layer.layer]
                at.weight[torch.tensor(layer.effects)[:, None], torch.tensor(block)] = 0.0
                change = twin(images[chosen])[:, target] - model(images[chosen])[:, target]
                assert np.allclose(layer.changes[k], change, atol=1e-5)
                new, old = (net(images[chosen]).double().softmax(dim=1).numpy() for net in (twin, model))
                assert np.allclose(layer.log_changes[k], np.log(new[:, target] / old[:, target]), atol=1e-5)
                assert layer.divergence[k] == pytest.approx(rel_entr(new, old).sum(axis=1).mean(), rel=1e-3, abs=1e-8)


def test_batch_size_and_order_of_units_change_nothing(model, images, labels, target):
    one, many = (explain(model, images, labels, target, test="paired", batch_size=size) for size in (7, 5000))
    assert np.allclose(cells(one), cells(many), atol=1e-6)
    for kind in ("soft", "mean"):
        one, many = (
            explain(model, images, labels, target, test="paired", batch_size=size, cut=kind, beta=0.1)
            for size in (7, 5000)
        )
        assert np.allclose(cells(one), cells(many), atol=1e-6), kind


def test_a_mean_intervention_on_the_last_layer_is_known_in_closed_form(model, images, labels, target):
    rows = images[labels == target]
    found = explain(model, rows, None, target, cut="mean", layers=("9",))
    with torch.no_grad():
        hidden = model[:-1](rows)
        expected = (hidden.mean(dim=0) - hidden) * model[9].weight[target]
    assert np.allclose(found.layers[0].changes, expected.T, atol=1e-5)
    assert np.allclose(found.layers[0].changes.mean(axis=1), 0, atol=1e-6)


def test_soft_weights_are_drawn_by_the_seed_between_beta_and_a_hundredth_more(model, images, labels, target):
    rows = images[labels == target]
    options = {"cut": "soft", "beta": 0.2, "layers": ("9",)}
    found = explain(model, rows, None, target, **options)
    with torch.no_grad():
        hidden = model[:-1](rows).numpy()
    weight = model[9].weight[target].detach().numpy()
    alive = hidden.max(axis=0) > 0.05
    drawn = (found.layers[0].changes / np.where(hidden.T == 0, np.nan, hidden.T) + weight[:, None])[alive]
    assert np.nanmin(drawn) >= 0.2 - 1e-3
    assert np.nanmax(drawn) <= 0.21 + 1e-3
    again = explain(model, rows, None, target, **options)
    other = explain(model, rows, None, target, **options, seed=1)
    assert np.array_equal(cells(found), cells(again))
    assert not np.array_equal(cells(found), cells(other))


def test_references_that_are_the_images_themselves_change_nothing_and_others_add_up(model, images, target):
    same = explain(model, images, None, target, rows="all", references=images, images=60)
    assert np.abs(cells(same)).max() < 1e-6
    assert not any(layer.causes.any() for layer in same.layers)
    other = images.flip(0)
    found = explain(model, images, None, target, rows="all", references=other, images=60)
    with torch.no_grad():
        whole = (model(other) - model(images))[:, target]
    assert np.allclose(found.layers[0].changes.sum(axis=0), whole, atol=1e-5)


def test_the_log_probability_starts_at_every_logit_and_does_not_move_with_what_all_share(model, images, labels, target):
    rows = images[labels == target]
    found = explain(model, rows, None, target, score="log-probability", test="paired")
    assert found.layers[0].effects == (0, 1, 2)
    assert np.array_equal(found.layers[0].changes, found.layers[0].log_changes)
    assert (found.observed <= 0).all()
    assert (found.layers[0].divergence >= -1e-9).all()


def test_a_layer_that_is_not_explored_hands_every_path_on(model, images, labels, target):
    found = explain(model, images, labels, target, test="paired", layers=("4", "9"))
    assert [layer.layer for layer in found.layers] == ["9", "4"]
    assert found.layer("4").effects == tuple(range(6))
    found.on(model).only()


def test_wide_layers_try_both_ends_and_the_middle_of_the_ranking(images, labels):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 200), nn.ReLU(), nn.Linear(200, 3)).eval()
    found = explain(model, images, None, 0, rows="all", max_units=100, images=10)
    layer = found.layers[0]
    assert len(layer.blocks) == 20 + 10 + 30
    assert layer.untried == 140
    ranked = np.argsort(-model[3].weight[0].abs().detach().numpy())  # by size, whatever the sign
    expected = {*ranked[:20].tolist(), *ranked[-10:].tolist(), *ranked[85:115].tolist()}
    assert {block[0] for block in layer.blocks} == expected


def test_the_model_is_as_it_was_bit_for_bit_also_after_an_exception(model, images, labels, target):
    before = {name: leaf.clone() for name, leaf in model.state_dict().items()}

    def stop(what, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain(model, images, labels, target, run=RunStore(progress=stop))
    explained = explain(model, images, labels, target, test="paired").on(model)
    explained.attribute(images[:3])
    explained.only()(images)
    explained.stability("4", images[labels == target], betas=[0.0], draws=1)
    assert all(torch.equal(leaf, before[name]) for name, leaf in model.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert not model.training


def test_progress_ends_at_the_number_of_units(model, images, labels, target):
    told: dict[str, tuple[int, int]] = {}

    def progress(what, done, total):
        assert done > told.get(what, (0, 0))[0]
        told[what] = (done, total)

    explain(model, images, labels, target, run=RunStore(progress=progress), batch_size=10)
    assert next(iter(told)) == "paths into 9"
    assert all(done == total for done, total in told.values())


# -- selection ---------------------------------------------------------------------------------------------------------


def test_the_tests_are_those_of_scipy():
    from scipy.stats import norm, ttest_1samp

    rng = np.random.default_rng(0)
    observed, changes = rng.normal(3, 1, 40), rng.normal(-0.1, 0.4, (6, 40))
    z = select(changes, observed, test="z", correction="none", alpha=0.05)
    under = observed + changes
    error = np.sqrt(under.var(axis=1, ddof=1) / 40 + observed.var(ddof=1) / 40)
    assert np.allclose(z.p, norm.cdf((under.mean(axis=1) - observed.mean()) / error))
    paired = select(changes, observed, test="paired", correction="benjamini-hochberg", alpha=0.05)
    assert np.allclose(paired.p, ttest_1samp(changes, 0, axis=1, alternative="less").pvalue)
    assert (paired.adjusted >= paired.p - 1e-15).all()
    assert paired.causes.tolist() == (paired.adjusted <= 0.05).tolist()


def test_where_nothing_passes_the_share_then_the_lowest_then_nothing_is_kept():
    observed = np.array([9.0, 11.0, 10.0, 10.0])
    options = {"test": "z", "correction": "none", "alpha": 0.05}
    share = select(np.array([[-0.02], [0.0], [0.01]]) * np.ones(4), observed, **options)
    assert (share.rule, share.causes.tolist()) == ("share", [True, False, False])
    lowest = select(np.array([[-0.002], [-0.001], [0.01]]) * np.ones(4), observed, **options)
    assert (lowest.rule, lowest.causes.tolist()) == ("quantile", [True, False, False])
    none = select(np.zeros((3, 4)), observed, **options)
    assert (none.rule, none.causes.any()) == ("none", False)
    single = select(np.array([[-0.4], [-0.6], [0.3]]), np.array([10.0]), **options)
    assert (single.rule, single.causes.tolist()) == ("single image", [False, True, False])
    assert np.isnan(single.p).all()


# -- what is found -----------------------------------------------------------------------------------------------------


def test_the_table_has_intervals_around_the_effects(found):
    table = found.table(resamples=300)
    assert table.n == sum(len(layer.blocks) for layer in found.layers)
    assert (table.column("low") <= table.column("effect") + 1e-9).all()
    assert (table.column("effect") <= table.column("high") + 1e-9).all()
    kept = table.column("cause") == 1
    assert (table.column("effect")[kept] < 0).all()
    assert table.labels("unit")[0] == "7:0"


def test_the_graph_goes_out_and_comes_back_in_every_format(found, target, tmp_path):
    graph = found.graph
    assert graph.is_dag
    assert f"9:{target}" in graph
    layer = found.layers[0]
    assert set(graph.parents(f"9:{target}")) == {layer.names[k] for k in np.flatnonzero(layer.causes)}
    for suffix in ("graphml", "dot", "json"):
        write_graph(graph, tmp_path / f"graph.{suffix}")
        assert read_graph(tmp_path / f"graph.{suffix}") == graph


def test_it_is_saved_and_read_and_goes_with_its_own_network_only(found, model, images, tmp_path):
    found.save_pretrained(tmp_path / "why")
    again = CausalExplanation.from_pretrained(tmp_path / "why")
    assert {path.name for path in (tmp_path / "why").iterdir()} == {"config.json", "model.safetensors"}
    assert np.array_equal(cells(again), cells(found))
    assert again.graph == found.graph
    assert again.agreement(found) == 1
    assert again.table().to_pandas().equals(found.table().to_pandas())
    assert np.allclose(again.on(model).attribute(images[:2]), found.on(model).attribute(images[:2]))
    other = network()
    with torch.no_grad():
        other[0].weight[0, 0, 0, 0] += 1e-3
    with pytest.raises(OptionError, match="fingerprint"):
        again.on(other)
    (tmp_path / "why" / "config.json").write_text("{}")
    with pytest.raises(FormatError):
        CausalExplanation.from_pretrained(tmp_path / "why")


def test_the_networks_with_and_without_the_paths_are_those_of_written_weights(found, model, images, target):
    on, edges = found.on(model), found.on(model).edges()
    only, without = copy.deepcopy(model), copy.deepcopy(model)
    with torch.no_grad():
        for name, layer in on.network.layers.items():
            kept = edges.get(name, torch.zeros(layer.outputs, layer.inputs, dtype=torch.bool))
            if name == "0":
                kept[list(found.effects["0"])] = True
            dict(only.named_modules())[name].weight.mul_(weight_mask(layer, kept).float())
            if name in edges:
                dict(without.named_modules())[name].weight.mul_(1 - weight_mask(layer, edges[name]).float())
        assert torch.allclose(on.only()(images), only(images), atol=1e-6)
        assert torch.allclose(on.without()(images), without(images), atol=1e-6)
    plain, left = on.probability(on.without(), images)
    assert plain.shape == left.shape == (60,)


def test_grouped_convolutions_are_cut_path_by_path():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3, groups=3), nn.ReLU(), nn.Conv2d(6, 4, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    ).eval()  # fmt: skip
    images = torch.rand(20, 1, 8, 8)
    found = explain(model, images, None, 0, rows="all", test="paired")
    layer, on = found.layer("2"), found.on(model)
    assert all(any(e // 2 == block[0] // 2 for e in layer.effects) for block in layer.blocks)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for k in np.flatnonzero(layer.causes):
            unit = layer.blocks[k][0]
            for e in layer.effects:
                if e // 2 == unit // 2:
                    twin[2].weight[e, unit % 2] = 0.0
        assert torch.allclose(on.without(["2"])(images), twin(images), atol=1e-6)
    on.at_random(0)(images)
    on.only()(images)


def test_as_many_paths_at_random_are_cut_and_each_seed_draws_others(found, model):
    on = found.on(model)
    paths = {name: int(mask.sum()) for name, mask in on.edges().items()}
    for system in (on.at_random(0), on.at_random(1)):
        cut = {site.module: int((~system.done[site].value.bool()).sum()) for site in system.done}
        assert cut == {name: count for name, count in paths.items() if count}
    first, second = (on.at_random(seed).done for seed in (0, 1))
    assert any(not torch.equal(first[site].value, second[site].value) for site in first)


def test_a_map_of_one_cause_and_one_effect_is_its_softmax(model, images, labels, target):
    found = explain(model, images, labels, target, test="paired")
    on, layer = found.on(model), found.layer("4")
    with torch.no_grad():
        given = model[:4](images[:3])
        total = torch.zeros(3, 4, 4)
        for e in layer.effects:
            spread = []
            for block in sorted(layer.kept):
                kernel = model[4].weight[e, block[0]][None, None]
                flow = nn.functional.conv2d(given[:, [block[0]]], kernel, padding=1)[:, 0]
                spread.append(torch.softmax(flow.flatten(1), dim=1).reshape(flow.shape))
            total += torch.stack(spread).mean(dim=0)
        wide = nn.functional.interpolate(total[:, None], (8, 8), mode="bilinear", align_corners=False)[:, 0]
    expected = wide / wide.flatten(1).amax(dim=1)[:, None, None]
    assert np.allclose(on.attribute(images[:3]), expected, atol=1e-5)
    assert on.attribute(images[:3], spread="sum").max() == pytest.approx(1)
    with pytest.raises(OptionError, match="9 is no convolution"):
        on.attribute(images, "9")
    with pytest.raises(UnknownVariableError, match="explanation"):
        on.attribute(images, "nowhere")
    with pytest.raises(OptionError, match="spread is each or sum"):
        on.attribute(images, spread="none")


def test_what_a_mistake_rests_on_is_what_right_answers_do_not(found, model, images, labels, target):
    rest = found.beyond([])
    assert [layer.kept for layer in rest.layers] == [layer.kept for layer in found.layers]
    other = explain(model, images, None, (target + 1) % 3, rows="all", test="paired")
    rest = found.beyond([other])
    for mine, before in zip(rest.layers, found.layers, strict=True):
        assert mine.kept == before.kept - other.layer(mine.layer).kept
    assert not any(layer.causes.any() for layer in found.beyond([found]).layers)


def test_soft_interventions_near_zero_find_what_hard_ones_find(found, model, images, labels, target):
    table = found.on(model).stability("9", images[labels == target], betas=[0.0, 0.5], draws=2)
    assert table.n == 2
    assert ((table.column("overlap") >= 0) & (table.column("overlap") <= 1)).all()
    with pytest.raises(OptionError, match="one beta"):
        found.on(model).stability("9", images, betas=[])


def test_the_report_is_one_page_with_graph_table_and_pictures(found, model, images, labels, target, tmp_path):
    page = explanation_report(found, model, images[labels == target], label="<class>")
    assert "<script src" not in page
    assert "http" not in page.split("</style>")[1].replace("http://www.w3.org", "")
    assert "&lt;class&gt;" in page
    assert "data:image/png" in page
    picture = explanation_figure(found)
    assert parseString(picture).documentElement.tagName == "svg"
    assert picture.count("<circle") == 4 + 6 + 8 + 3
    write_explanation_report(tmp_path / "why.html", found, model, images)
    assert (tmp_path / "why.html").stat().st_size > 5000


# -- a planted cue -----------------------------------------------------------------------------------------------------


def test_cutting_the_cells_that_carry_a_planted_patch_closes_its_gap_and_nothing_else():
    """A network made by hand: one channel sees the corner, the other the middle; the class is either."""
    world = ShapesWorld(grain=0.0)
    rows = world.sample(60, env="balanced")
    labels = rows["shape"]
    with_patch, without = (
        torch.from_numpy(
            world.render(world.counterfactual(rows, f"do(patch={value})"))[..., :1].transpose(0, 3, 1, 2) / 255
        ).float()
        for value in ("present", "absent")
    )
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(32, 4)).eval()
    with torch.no_grad():
        model[0].weight[:] = 1.0
        model[0].bias[:] = -0.3
        model[4].weight[:] = 0.0
        model[4].bias[:] = 0.0
        model[4].weight[0, [0, 16]] = 5.0  # the corner cell of both channels speaks for class 0
        model[4].weight[1, [5, 6, 9, 10]] = 0.2
    found = explain(model, with_patch, None, 0, rows="all", references=without, cells=True, test="paired")
    assert found.layer("4").kept == {(0,), (16,)}
    said = model(without).argmax(dim=1).numpy()
    done = repair(found.on(model), with_patch, without, said, "4")
    assert done.units == (0, 16)
    assert done.tried.column("gap")[0] > 0.9
    assert done.tried.column("gap")[-1] < 0.05
    with torch.no_grad():
        assert (done.system(with_patch).argmax(dim=1).numpy() == said).mean() > 0.95
    with pytest.raises(DataError, match="with and without the cue"):
        repair(found.on(model), with_patch, without, labels[:3], "4")
    with pytest.raises(DataError, match="all images are of class 0"):
        repair(found.on(model), with_patch, without, np.zeros(60), "4")
    with pytest.raises(OptionError, match="tolerance"):
        repair(found.on(model), with_patch, without, said, "4", tolerance=-1)


# -- models of the Hugging Face library --------------------------------------------------------------------------------


def test_a_folder_of_a_hugging_face_classifier_is_explained(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic", num_labels=3,
        id2label={0: "cat", 1: "dog", 2: "hen"},
    )  # fmt: skip
    transformers.ResNetForImageClassification(config).save_pretrained(tmp_path / "net")
    (tmp_path / "net" / "preprocessor_config.json").write_text(
        '{"size": {"shortest_edge": 32}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.2, 0.2, 0.2]}'
    )
    classifier = load_classifier(tmp_path / "net")
    assert classifier.labels == ("cat", "dog", "hen")
    assert classifier.number("hen") == 2
    pictures = np.random.default_rng(0).integers(0, 256, (12, 40, 40, 3), dtype=np.uint8)
    images = classifier.prepare(pictures)
    assert images.shape == (12, 3, 32, 32)
    with torch.no_grad():
        target = int(classifier.model(images).logits.argmax(dim=1).mode().values)
    found = explain(classifier.model, images, None, target, rows="all", test="paired")
    assert not found.notes
    assert found.layers[0].layer == "classifier.1"
    assert len(found.layers[0].parents[0]) > 1
    assert found.on(classifier.model).attribute(images).shape == (12, 32, 32)
    with pytest.raises(DataError, match="Did you mean 'dog'"):
        classifier.number("dogs")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(FormatError, match="loading a pickle can run any program"):
        load_classifier(tmp_path / "old")
    with pytest.raises(FormatError, match="there is no folder"):
        load_classifier(tmp_path / "nowhere")


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_bad_questions_are_refused_with_a_sentence(model, images, labels, target):
    wrong = np.where(labels == target, (target + 1) % 3, labels)
    with pytest.raises(
        DataError, match=rf"no image of class {target} is classified right \(0 of 60 images are of it\)"
    ):
        explain(model, images, wrong, target)
    with pytest.raises(DataError, match=r"taken for class .* by mistake"):
        explain(model, images, labels, target, rows="mistaken")
    with pytest.raises(DataError, match="no rows"):
        explain(model, images[:0], None, target)
    with pytest.raises(DataError, match="no image to explain"):
        walk(model, images[:0], None, target, PathInterventionsConfig())
    with pytest.raises(DataError, match="new columns have 5 rows, the table has 60"):
        explain(model, images, labels[:5], target)
    with pytest.raises(DataError, match="one label an image"):
        walk(model, images, labels[:5], target, PathInterventionsConfig())
    with pytest.raises(OptionError, match="classes 0 to 2, got 7"):
        explain(model, images, labels, 7)
    with pytest.raises(OptionError, match="references"):
        explain(model, images, labels, target, references=images)
    with pytest.raises(
        UnknownVariableError, match=r"'layer9.\*' is not a variable of this network.*It has: 0, 4, 7, 9"
    ):
        explain(model, images, labels, target, layers=("layer9.*",))
    with pytest.raises(InterventionError, match="training mode"):
        explain(network().train(), images, labels, target)
    with pytest.raises(InterventionError, match="no Conv2d or Linear"):
        explain(nn.Flatten().eval(), images, labels, target)
    with pytest.raises(DataError, match=r"cannot take images of shape \(3, 8, 8\) \(0 takes 1 channels\)"):
        explain(model, images.repeat(1, 3, 1, 1), labels, target)
    with pytest.raises(InterventionError, match=r"float16 on the CPU"):
        explain(network().half(), images, labels, target)
    broken = network()
    with torch.no_grad():
        broken[9].bias[0] = float("nan")
    with pytest.raises(InterventionError, match="the logits of image 0 are not finite"):
        explain(broken, images, None, 0, rows="all")


def test_few_images_are_warned_of_and_one_is_judged_without_a_test(model, images, labels, target):
    rows = images[labels == target]
    with pytest.warns(UserWarning, match="only 3 images: the test has no power"):
        few = explain(model, rows[:3], None, target)
    assert few.notes
    with pytest.warns(UserWarning, match="only 1 images"):
        one = explain(model, rows[:1], None, target)
    assert one.layers[0].rule == "single image"
    assert np.isnan(one.table().column("low")).all()


def test_a_model_that_cannot_be_traced_is_explained_with_a_warning(images):
    class Bare(nn.Sequential):
        def forward(self, x):
            if x.max() > 1e9:
                raise ValueError("too bright")
            return super().forward(x)

    model, plain = Bare(*network()).eval(), network()
    with pytest.warns(UserWarning, match="could not be followed .*control flow"):
        found = explain(model, images, None, 0, rows="all", images=10)
    same = explain(plain, images, None, 0, rows="all", images=10)
    assert np.allclose(cells(found), cells(same), atol=1e-6)


def test_options_out_of_range_are_refused():
    for options, told in (
        ({"cut": "harder"}, "cut is one of hard, soft, mean"),
        ({"test": "t"}, "test is one of z, paired"),
        ({"correction": "holm"}, "correction is one of"),
        ({"score": "loss"}, "score is one of"),
        ({"alpha": 0.0}, "alpha lies between 0 and 1"),
        ({"beta": float("nan")}, "beta is a finite number"),
        ({"images": 0}, "images is a whole number of at least 1"),
        ({"batch_size": 0.5}, "batch_size is a whole number"),
        ({"layers": "conv"}, "layers is a list of names"),
        ({"level": 0.1}, "no option 'level'"),
    ):
        with pytest.raises(OptionError, match=told):
            PathInterventions(**options)
