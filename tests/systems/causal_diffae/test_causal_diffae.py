"""The diffusion generator with labelled causes: counterfactuals against a scene whose truth is known, and its laws."""

import warnings

import numpy as np
import pytest
import torch
from tests.systems.causal_diffae.trained import GRAPH, SIDE, draw, image_set, length_of, scene, small
from tests.trained import read
from torch.distributions import Normal

from aitia.data.table import Table
from aitia.errors import RangeWarning, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.nn.diffusion import Schedule
from aitia.nn.pixels import from_bytes
from aitia.system import load, verbs_of
from aitia.systems.causal_diffae import CausalDiffae, CausalDiffaeConfig
from aitia.systems.causal_diffae.network import Network, Objective, small_unet


def pixels(rows):
    return rows.known.pictures("image")


def pixel_error(a, b):
    return float(((a / 255.0 - b / 255.0) ** 2).mean())


@pytest.fixture(scope="module")
def trained():
    return read("causal_diffae")


@pytest.fixture(scope="module")
def asked(trained):
    """Fresh rows, what is their own, and what they would have been."""
    facts = image_set(24, 5)
    height, noise, hue = draw(24, 5)
    lengths = length_of(np.full(24, 0.3), noise)
    return facts, trained.abduct(facts), lengths, scene(np.full(24, 0.3), lengths, hue), (height, noise, hue)


def test_a_counterfactual_is_nearer_to_the_truth_than_what_leaves_out_one_of_its_steps(trained, asked):
    facts, noise, lengths, truth, (height, own, hue) = asked
    answer = trained.do("do(height=0.3)").solve(noise)
    assert np.allclose(answer.column("height"), 0.3)
    assert np.abs(answer.column("length") - lengths).mean() < 0.03
    ours = pixel_error(pixels(answer), truth)
    nothing = pixel_error(pixels(facts), truth)
    frozen = pixel_error(scene(np.full(24, 0.3), length_of(height, own), hue), truth)
    assert ours < 0.3 * nothing
    assert ours < frozen, "the shadow has to follow the bar"
    drawn = trained.predict(Table.of({"height": np.full(24, 0.3), "length": lengths}), seed=1)
    assert ours < 0.3 * pixel_error(pixels(drawn), truth), "without inversion the sky is any"


def test_the_picture_noised_to_the_last_step_in_place_of_inverted_is_a_fresh_sample(trained, asked):
    from dataclasses import replace

    facts, noise, _, truth, _ = asked
    x = from_bytes(pixels(facts))
    e = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    last = torch.full((len(x),), len(trained._schedule) - 1)
    noised = replace(noise, parts={**noise.parts, "noise": trained._schedule.noised(x, e, last).numpy()})
    held = trained.do("do(height=0.3)")
    assert pixel_error(pixels(held.solve(noised)), truth) > 3 * pixel_error(pixels(held.solve(noise)), truth)


def test_with_nothing_done_a_picture_comes_back_within_what_is_told(trained, asked):
    facts, noise, *_ = asked
    back = trained.solve(noise)
    off = np.abs(pixels(back) / 255.0 - pixels(facts) / 255.0).mean(axis=(1, 2, 3))
    assert off.mean() < trained.bound["image"] < 0.05
    told = trained.inversion(facts)
    assert np.abs(told.column("error") - off).max() < 1.5 / 255, "bytes are rounded, and cut at black and white"
    assert (told.labels("usual") == "yes").mean() > 0.7
    assert any("comes back within" in note for note in trained.notes)


def test_pictures_of_another_kind_come_back_worse_and_are_told(trained, asked):
    odd = np.random.default_rng(0).integers(0, 256, (8, SIDE, SIDE, 3), dtype=np.uint8)
    told = trained.inversion(Table.of({"image": odd}))
    assert (told.labels("usual") == "no").all()
    assert told.column("error").min() > trained.usual


def test_a_cause_set_to_its_own_value_changes_nothing_more(trained, asked):
    facts, *_ = asked
    one = facts.take([3])
    held = trained.do({"height": float(one.column("height")[0])})
    assert np.array_equal(pixels(held.solve(trained.abduct(one))), pixels(trained.solve(trained.abduct(one))))


def test_the_end_of_a_chain_does_not_move_its_cause(trained, asked):
    facts, noise, *_ = asked
    answer = trained.do("do(length=0.5)").solve(noise)
    assert np.allclose(answer.column("height"), facts.column("height"), atol=1e-9)


def test_more_steps_and_refinement_invert_better(trained, asked):
    from aitia.systems.causal_diffae.drawing import inverted

    facts, noise, *_ = asked
    x, u = from_bytes(pixels(facts))[:8], torch.from_numpy(noise.parts["u"])[:8]
    z = trained._ready_net.moved(u, {})
    config = trained.config

    def error(**options):
        from dataclasses import replace

        return float(inverted(trained._ready_net, x, z, trained._schedule, replace(config, **options))[1].mean())

    coarse = error(draw_steps=5)
    assert error(draw_steps=40) < 0.5 * coarse
    assert error(draw_steps=5, refine=3) < coarse


def test_causes_are_read_from_pictures_without_labels(trained, asked):
    facts, *_ = asked
    bare = facts.select(["image"])
    found = trained.encode(bare)
    assert np.corrcoef(found.column("height"), facts.column("height"))[0, 1] > 0.98
    answer = trained.counterfactual(bare, "do(height=0.5)")
    assert answer.names == ("image", "height", "length")
    assert not answer.missing("length")


def test_what_nobody_labelled_and_nothing_moves_stays_unknown(trained, asked):
    facts, *_ = asked
    length = facts.column("length").copy()
    length[:5] = np.nan
    some = facts.with_columns({"length": length}, kinds={"length": "number"})
    noise = trained.abduct(some)
    assert trained.solve(noise).missing("length") == 5
    assert trained.do("do(height=0.4)").solve(noise).missing("length") == 0


def test_batches_do_not_change_the_answers(trained, asked):
    facts, *_ = asked
    held = trained.do("do(height=0.7)")
    whole = pixels(held.solve(held.abduct(facts.take(range(4)))))
    rows = [pixels(held.solve(held.abduct(facts.take([k])))) for k in range(4)]
    assert np.abs(whole.astype(int) - np.concatenate(rows).astype(int)).max() <= 1, "the last digit of 32 bits"


def test_a_strength_makes_the_cause_plainer_and_zero_ignores_it(asked):
    facts, *_ = asked
    model = small(steps=6, empty=0.5).fit(image_set(60, 0))
    noise = model.abduct(facts.take(range(4)))
    low, high = (pixels(model.do({"height": value}).solve(noise)) for value in (0.2, 0.9))
    assert not np.array_equal(low, high)
    model.set_params(strength=0.0)
    low, high = (pixels(model.do({"height": value}).solve(noise)) for value in (0.2, 0.9))
    assert np.array_equal(low, high)
    net, z = model._ready_net, torch.randn(3, 2)
    x, t = torch.randn(3, 3, SIDE, SIDE), torch.full((3,), 7)
    with torch.no_grad():
        one, none = (net(x, t, z, torch.full((3, 1), told)) for told in (1.0, 0.0))
        assert torch.allclose(net.denoiser(z, 2.5)(x, t), none + 2.5 * (one - none), atol=1e-5)


def test_an_average_cause_is_not_a_missing_one():
    net = Network(CausalDiffaeConfig(channels=(16,), width=4), Graph(GRAPH), (8, 8), small_unet(
        CausalDiffaeConfig(channels=(16,), width=4), (8, 8)))  # fmt: skip
    x, t, z = torch.randn(2, 3, 8, 8), torch.tensor([3, 3]), torch.zeros(2, 2)
    with torch.no_grad():
        assert not torch.allclose(net(x, t, z, torch.ones(2, 1)), net(x, t, z, torch.zeros(2, 1)))


def test_the_last_level_hears_what_it_is_told():
    """A group norm over single channels would take a number that is added to a whole channel off again."""
    for channels in ((16,), (8, 16), (16, 32, 32)):
        block = small_unet(CausalDiffaeConfig(channels=channels), (8, 8)).mid_block.resnets[0]
        x = torch.randn(1, channels[-1], 8, 8)
        one, two = (block(x, torch.full((1, 4 * channels[0]), told)) for told in (0.0, 3.0))
        assert float((one - two).abs().max().detach()) > 0.01


def test_the_loss_is_that_of_its_parts_by_hand():
    config = CausalDiffaeConfig(channels=(8, 16), width=4, hidden=8, empty=0.3, label_weight=0.7)
    torch.manual_seed(0)
    net = Network(config, Graph(GRAPH), (8, 8), small_unet(config, (8, 8)))
    with torch.no_grad():
        net.causes.second.normal_()
    objective = Objective(net, config, Schedule.cosine(50))
    x, y = torch.rand(6, 3, 8, 8) * 2 - 1, torch.randn(6, 2)
    y[1:3, 1], y[3] = torch.nan, torch.nan
    torch.manual_seed(1)
    told = {name: float(part.detach()) for name, part in objective(x, y).items()}
    torch.manual_seed(1)
    with torch.no_grad():
        mean, log_variance = net.encoder(x)
        q = Normal(mean, torch.exp(0.5 * log_variance))
        z = q.mean + q.stddev * torch.randn_like(mean)
        said = (torch.rand(6, 1) >= 0.3).float()
        t, noise = torch.randint(50, (6,)), torch.randn_like(x)
        schedule = objective.schedule
        a, s = schedule.a[t][:, None, None, None], schedule.s[t][:, None, None, None]
        diffusion = (net(a * x + s * noise, t, z, said) - (a * noise - s * x)).square().mean()
        known = ~torch.isnan(y)
        logs = q.log_prob(torch.nan_to_num(y))
        label = sum(-logs[i, j] for i in range(6) for j in range(2) if known[i, j]) / 6
        full = torch.where(known, y, z)
        shift, log_scale = net.causes.mechanisms(full)
        prior = -Normal(shift, log_scale.exp()).log_prob(full).sum() / 6
    by_hand = {"diffusion": diffusion, "label": label, "causal prior": prior}
    by_hand["loss"] = diffusion + 0.7 * (label + prior) / 2
    assert told == pytest.approx({name: float(part) for name, part in by_hand.items()}, rel=1e-4)


def test_a_cause_without_label_gives_the_encoder_no_gradient():
    config = CausalDiffaeConfig(channels=(16,), width=4, hidden=8)
    torch.manual_seed(0)
    net = Network(config, Graph("a; b"), (8, 8), small_unet(config, (8, 8)))
    objective = Objective(net, config, Schedule.cosine(20))
    x, y = torch.rand(4, 3, 8, 8), torch.full((4, 2), torch.nan)
    objective(x, y)["loss"].backward()
    assert all(float(part.grad.abs().max()) == 0 for part in net.encoder.parameters())
    assert float(net.say[0].weight.grad.abs().max()) > 0, "the UNet learns of these rows"
    objective(x, torch.tensor([[0.5, torch.nan]] * 4))["loss"].backward()
    last = net.encoder.net[-1].weight.grad  # rows: means of a and b, then their log-variances
    assert float(last[0].abs().max()) > 0
    assert float(last[1].abs().max()) == float(last[3].abs().max()) == 0


def test_half_of_a_batch_has_labels_where_few_rows_have():
    from aitia.systems.causal_diffae.fitting import _batches

    x, z = torch.arange(40.0)[:, None, None, None], torch.full((40, 1), torch.nan)
    z[:4] = torch.arange(4.0)[:, None]
    batch = _batches(x, z, CausalDiffaeConfig(batch=10))
    seen = [batch(step, 0, 1) for step in range(8)]
    assert all(int((~torch.isnan(labels)).sum()) == 5 for _, labels in seen)
    assert {int(value) for shown, _ in seen for value in shown.flatten()} == set(range(40))
    whole = _batches(x, torch.zeros(40, 1), CausalDiffaeConfig(batch=10))(0, 0, 1)
    assert whole[0].shape == (10, 1, 1, 1)


def test_the_mean_of_the_weights_forgets_its_start():
    config = CausalDiffaeConfig(channels=(16,), width=4, mean=0.9)
    net = Network(config, Graph("a"), (8, 8), small_unet(config, (8, 8)))
    objective = Objective(net, config, Schedule.cosine(20))
    start = objective.mean.say[0].weight.clone()
    with torch.no_grad():
        net.say[0].weight.add_(1.0)
    objective.follow(1)
    assert torch.allclose(objective.mean.say[0].weight, start + 20 / 21, atol=1e-5)
    objective.follow(10_000)
    assert torch.allclose(objective.mean.say[0].weight, start + 1 - 0.9 / 21, atol=1e-5)


def test_half_of_the_labels_is_enough_here_and_is_told(trained):
    assert any("750 of 1500 rows lack labels, 750 of them all" in note for note in trained.notes)


def test_a_saved_model_answers_the_same(tmp_path, trained, asked):
    facts, *_ = asked
    held = trained.do("do(height=0.4)")
    held.save_pretrained(tmp_path)
    again = load(tmp_path)
    assert (again.bound, again.usual, again.held) == (trained.bound, trained.usual, held.held)
    few = facts.take(range(3))
    assert again.solve(again.abduct(few)) == held.solve(held.abduct(few))


def test_the_same_seed_gives_the_same_model_and_a_fit_that_is_started_again_has_the_same_bytes(tmp_path):
    from aitia.runs import RunStore

    rows = image_set(40, 1)
    store = RunStore(tmp_path / "run")
    one = small(steps=6).fit(rows)
    two, again = (small(steps=6).fit(rows, run=store) for _ in range(2))
    assert one.encode(rows) == two.encode(rows) == again.encode(rows)


def test_the_verbs_and_targets_are_those_of_the_card(trained):
    assert verbs_of(CausalDiffae) == CausalDiffae.card.verbs
    assert trained.targets.names == ("height", "length")
    assert trained.graph == trained.graphs()["causes"] == Graph(GRAPH)


def test_a_value_beyond_the_training_is_answered_with_a_warning(trained, asked):
    facts, *_ = asked
    with pytest.warns(RangeWarning, match=r"height=1.4 lies 0\.4\d* outside of the trained range"):
        trained.counterfactual(facts.take([0]), "do(height=1.4)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained.counterfactual(facts.take([0]), "do(height=0.5)")
    with pytest.raises(UnknownVariableError, match="Did you mean 'height'"):
        trained.do("do(hieght=1)")


def test_pictures_that_are_not_square_and_graphs_that_are_searched_for():
    wide = np.concatenate([pixels(image_set(40, 2))] * 2, axis=2)
    rows = image_set(40, 2).with_columns({"image": wide}, kinds={"image": "picture"})
    model = small(steps=2, graph="learn").fit(rows)
    assert pixels(model.counterfactual(rows.take([0]), "do(height=0.5)")).shape == (1, 8, 16, 3)
    assert any("searched for" in note for note in model.notes)
    assert set(model.causes) == {"height", "length"}
