"""A sweep equals the runs one by one, however it is batched or replayed; and the pictures and tables of it."""

import re

import numpy as np
import pytest
import torch
from site_models import CASES, IDS, OTHER, tensors
from torch import nn

from aitia.errors import InterventionError, OptionError
from aitia.nn.sites import Interchange, LogitDifference, Network, Patch, Site, intervene, record, trace
from aitia.nn.sites.heat_map import heat_map
from aitia.nn.sites.intervene import call

SWEEPS = {
    "GPT-2": ["transformer.h.*[position=*]", "transformer.h.*.attn[head=*, position=-1]"],
    "Llama": ["model.layers.*.mlp[position=*]"],
    "T5": ["decoder.block.*[position=*]", "encoder.block.1[position=*]"],
    "BERT": ["bert.encoder.layer.*[position=*]"],
    "ViT": ["vit.layers.*.mlp.fc1[unit=0]"],
    "CLIP": ["vision_model.encoder.layers.*[position=*]", "text_model.encoder.layers.1.mlp[position=-1]"],
    "UNet": ["down_blocks.*.resnets.0[channel=*]"],
    "conditional UNet": ["up_blocks.*.resnets.0.conv1[channel=*]"],
    "GAN generator": ["3[channel=*]", "5[in, channel=*]"],
}


def power(output):
    """One number a row that every part of an output moves."""
    rows = [t.flatten(1).double().pow(2).mean(dim=1) for t in tensors(output) if t.ndim > 1]
    return sum(row for row in rows if len(row) == len(rows[0]))


@pytest.mark.parametrize("name", SWEEPS)
@pytest.mark.parametrize("patched", [True, False])
def test_a_sweep_equals_the_runs_one_by_one(name, patched):
    case = CASES[name]()
    how = {"against": case.other} if patched else {"operation": 0.5}
    found = trace(case.model, case.inputs, SWEEPS[name], power, batch_size=7, **how)
    assert found.replayed == (name != "CLIP")  # its output has images by texts, so rows do not stay apart
    source = record(case.model, case.other, found.sites)
    for k in range(0, len(found.sites), max(1, len(found.sites) // 6)):
        site = found.sites[k]
        with intervene(case.model, {site: Patch(source[site]) if patched else 0.5}):
            expected = power(call(case.model, case.inputs))
        assert np.allclose(found.values[k], expected, rtol=1e-5, atol=1e-6)
    assert np.allclose(found.plain, power(call(case.model, case.inputs)))
    assert np.abs(found.changes).max() > 0
    assert (found.other is not None) == patched


def test_batches_replay_and_padding_do_not_change_the_result(llama):
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1]])
    inputs, other = ({"input_ids": ids, "attention_mask": mask} for ids in (IDS, OTHER))
    metric = LogitDifference([3, 4], 7)
    sites = ["model.layers.*.self_attn[head=*, position=-2]", "model.layers.*.mlp[in, position=*]"]
    results = [
        trace(llama.model, inputs, sites, metric, against=other, batch_size=size, replay=replay)
        for size, replay in ((1, False), (64, True), (5, True))
    ]
    assert [str(site) for site in results[0].sites] == [str(site) for site in results[1].sites]
    assert len(results[0].sites) == 3 * 4 + 3 * 4  # the shorter prompt has 4 positions
    for other_result in results[1:]:
        assert np.allclose(results[0].values, other_result.values, atol=1e-5)


def test_patching_everything_recovers_the_other_run(gpt2):
    found = trace(gpt2.model, gpt2.inputs, "transformer.h.2", LogitDifference(3, 7), against=gpt2.other)
    assert np.allclose(found.recovered, 1, atol=1e-4)
    assert np.allclose(found.values[0], found.other, atol=1e-5)
    own = trace(gpt2.model, gpt2.inputs, "transformer.h.*[position=*]", LogitDifference(3, 7), against=gpt2.inputs)
    assert np.allclose(own.changes, 0, atol=1e-6)
    assert np.isnan(own.recovered).all()


def test_operations_across_rows_stay_inside_a_copy(gpt2):
    found = trace(gpt2.model, gpt2.inputs, "transformer.h.*.mlp", LogitDifference(3, 7), operation=Interchange([1, 0]))
    with intervene(gpt2.model, {"transformer.h.1.mlp": Interchange([1, 0])}):
        expected = LogitDifference(3, 7)(gpt2.model(**gpt2.inputs))
    assert np.allclose(found.values[1], expected, atol=1e-5)


def test_paths_of_weights_are_swept_too():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(16, 3)).eval()
    x = torch.randn(5, 1, 4, 4)
    blocks = [Site("3", source=slice(4 * k, 4 * k + 4), to=2) for k in range(4)]
    found = trace(net, x, blocks, lambda y: y[:, 2], operation=0.0)
    hidden = net[:3](x).reshape(5, 4, 4)
    expected = -(hidden * net[3].weight[2].reshape(4, 4)).sum(dim=2).T
    assert np.allclose(found.changes, expected, atol=1e-5)
    with pytest.raises(OptionError, match="is among the weights, which are the same in every run"):
        trace(net, x, blocks, lambda y: y[:, 2], against=x)


def test_a_model_that_cannot_be_replayed_is_run_whole():
    class Odd(nn.Module):
        """Keeps what its first layer gave where no copy of it sees it."""

        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 1)
            self.first.register_forward_hook(lambda module, args, out: kept.append(out))

        def forward(self, x):
            kept.clear()
            self.first(x)
            return self.second(kept[-1] + len(x))

    kept = []
    model, x = Odd().eval(), torch.randn(2, 3)
    found = trace(model, x, "second[in, unit=*]", lambda y: y[:, 0], operation=0.0, batch_size=2)
    assert not found.replayed
    assert np.allclose(found.plain, model(x)[:, 0])


def test_a_stopped_sweep_goes_on_where_it_was(gpt2):
    class StoppedError(Exception):
        pass

    def stop(what, done, total):
        if done >= 8:
            raise StoppedError

    store, seen, metric = {}, [], LogitDifference(3, 7)
    sites = "transformer.h.*[position=*]"
    how = {"against": gpt2.other, "batch_size": 8, "store": store}
    with pytest.raises(StoppedError):
        trace(gpt2.model, gpt2.inputs, sites, metric, progress=stop, **how)
    assert 0 < len(store) < 18
    found = trace(gpt2.model, gpt2.inputs, sites, metric, progress=lambda *a: seen.append(a), **how)
    whole = trace(gpt2.model, gpt2.inputs, sites, metric, against=gpt2.other, batch_size=8)
    assert np.array_equal(found.values, whole.values)
    assert seen[-1] == ("trace", 18, 18)
    assert seen[0][1] > 8


def test_tracing_leaves_the_model_as_it_was(gpt2):
    before = {name: (list(m.__dict__), list(m._modules.values())) for name, m in gpt2.model.named_modules()}
    weights = [p.clone() for p in gpt2.model.parameters()]
    trace(gpt2.model, gpt2.inputs, "transformer.h.*[position=*]", LogitDifference(3), against=gpt2.other)
    assert before == {name: (list(m.__dict__), list(m._modules.values())) for name, m in gpt2.model.named_modules()}
    assert all(torch.equal(a, b) for a, b in zip(weights, gpt2.model.parameters(), strict=True))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in gpt2.model.modules())


def test_the_table_has_one_labelled_row_a_site(gpt2):
    sites = ["transformer.h.*.mlp[position=*]", "transformer.h.0.attn[head=2, position=-1]"]
    table = trace(gpt2.model, gpt2.inputs, sites, LogitDifference(3, 7), against=gpt2.other).table()
    assert table.names == ("site", "module", "layer", "position", "head", "metric", "change", "recovered")
    assert table.n == 19
    assert table.labels("site")[7] == "transformer.h.1.mlp[position=1]"
    assert (table.column("layer")[7], table.column("position")[7]) == (1, 1)


def test_the_heat_map_shows_the_change_of_every_site(gpt2):
    found = trace(gpt2.model, gpt2.inputs, "transformer.h.*[position=*]", LogitDifference(3, 7), against=gpt2.other)
    figure = heat_map(found, labels=["the", "cat", "sat", "on", "the", "mat"])
    (image,) = figure.axes[0].images
    assert np.allclose(image.get_array(), found.changes.mean(axis=1).reshape(3, 6))
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["the", "cat", "sat", "on", "the", "mat"]
    with pytest.raises(OptionError, match="5 labels for 6 positions"):
        heat_map(found, labels=["a"] * 5)
    with pytest.raises(OptionError, match="no site of this trace names a head"):
        heat_map(found, columns="head")


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({}, OptionError, "patches from another run (against=...) or does one operation"),
        ({"operation": 0.0, "batch_size": 0}, OptionError, "batch_size is at least 1"),
        (
            {"against": {"input_ids": IDS[:, :5]}},
            InterventionError,
            "input_ids has shape (2, 6) in the run that is patched and (2, 5)",
        ),
        (
            {"operation": 0.0, "metric": lambda out: out.logits.mean()},
            InterventionError,
            "a metric gives one number a row, here a tensor (2,), got ()",
        ),
        ({"operation": 0.0, "metric": lambda out: out.logits[:, 0, 0] / 0}, InterventionError, "the metric is"),
        (
            {"operation": 0.0, "metric": LogitDifference([1, 2, 3])},
            InterventionError,
            "tokens for 3 rows, the output has 2",
        ),
    ],
)
def test_questions_without_an_answer_are_refused(gpt2, options, error, sentence):
    options = {"metric": LogitDifference(3), **options}
    with pytest.raises(error, match=re.escape(sentence)):
        trace(gpt2.model, gpt2.inputs, "transformer.h.1", options.pop("metric"), **options)


def test_numbers_that_are_none_are_refused_with_their_site(gpt2):
    with pytest.raises(InterventionError, match=r"nan under interventions at transformer\.h\.1"):
        trace(
            gpt2.model, gpt2.inputs, "transformer.h.1", LogitDifference(3), operation=Patch(torch.tensor(float("nan")))
        )
    with pytest.raises(OptionError, match="at least one site"):
        trace(gpt2.model, gpt2.inputs, [], LogitDifference(3), operation=0.0)
    with pytest.raises(InterventionError, match="needs inputs that are tensors"):
        trace(Network(gpt2.model).model, {"step": 3}, "transformer.h.1", LogitDifference(3), operation=0.0)


def test_colours_begin_at_nothing_where_no_number_is_below_it():
    from aitia.nn.sites.heat_map import drawn_grid

    for grid, limits in (([[0.0, 0.3]], (0.0, 0.3)), ([[-0.1, 0.3]], (-0.3, 0.3)), ([[np.nan, 0.3]], (0.0, 0.3))):
        image = drawn_grid(np.array(grid), ["a"], ["x", "y"], "token", "bar").axes[0].images[0]
        assert image.get_clim() == limits
