"""Modular forecasters, references and latent steps against what they must leave alone."""

import numpy as np
import pytest
import torch

from aitia.data.tracks import Tracks
from aitia.errors import DataError, OptionError
from aitia.systems.causal_motion.modular import GroupForecaster, PairForecaster, StyleReader
from aitia.systems.causal_motion.refinement import moved_code
from aitia.systems.causal_motion.scene_bank import References, SceneBank


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def sizes(module):
    return [(layer.in_features, layer.out_features) for layer in module.modules() if isinstance(layer, torch.nn.Linear)]


def test_a_pair_at_width_32_has_the_sizes_of_the_source():
    net = PairForecaster(observed=8, future=12, style=8, width=32, turned=False)
    assert sizes(net.psi) == [(32, 32), (32, 32), (32, 16)]
    assert sizes(net.g) == [(16, 32), (32, 32), (32, 48), (48, 48)]
    reader = StyleReader(20, 8, 16, turned=False)
    assert sizes(reader.phi) == [(40, 16), (16, 8)]
    assert sizes(reader.head) == [(8, 8), (8, 8)]


@pytest.mark.parametrize(
    "net", [lambda: PairForecaster(8, 12, 4, 16), lambda: PairForecaster(8, 12, 4, 16, turned=False)]
)
def test_without_a_style_the_blocks_are_passed_over_and_with_one_they_are_not(net):
    net, past, present = net(), torch.randn(5, 2, 8, 2), torch.ones(5, 2, dtype=torch.bool)
    plain, styled = net(past, present, None, None), net(past, present, None, torch.zeros(5, 4))
    with torch.no_grad():
        for block in net.modulation:
            block.net[-1].weight.zero_()
            block.net[-1].bias.zero_()
    assert torch.equal(net(past, present, None, None), plain)
    assert not torch.allclose(styled, plain)
    assert torch.allclose(net(past, present, None, torch.zeros(5, 4)), plain)


def test_a_turned_pair_that_has_learnt_nothing_goes_on_as_it_went():
    net = PairForecaster(8, 12, 4, 16)
    with torch.no_grad():
        net.g[1][-1].weight.zero_()
        net.g[1][-1].bias.zero_()
    past = torch.randn(5, 2, 8, 2)
    step = past[:, :, -1:] - past[:, :, -2:-1]
    straight = past[:, :, -1:] + step * torch.arange(1, 13.0)[:, None]
    assert torch.allclose(net(past, torch.ones(5, 2, dtype=torch.bool), None, None), straight, atol=1e-4)


def test_coordinates_of_the_plane_are_taken_as_they_are():
    net, past = PairForecaster(8, 12, 4, 16, turned=False), torch.randn(5, 2, 8, 2)
    code = net.encode(past, torch.ones(5, 2, dtype=torch.bool), None)
    assert torch.equal(code, net.psi(past.reshape(5, -1)))
    steps = net.g[1](torch.relu(net.g[0](code))).reshape(5, 2, 12, 2)
    assert torch.allclose(
        net.decode(code, past, torch.ones(5, 2) > 0, None), past[:, :, -1:] + steps.cumsum(2), atol=1e-6
    )


def test_what_a_turned_pair_reads_has_one_scale_and_a_plane_keeps_its_own():
    past = torch.randn(400, 2, 8, 2).cumsum(2) * 0.01 + torch.randn(400, 2, 1, 2) * 5
    seen = []
    for turned in (True, False):
        net = PairForecaster(8, 12, 4, 16, turned)
        net.psi.register_forward_hook(lambda module, given, out: seen.append(given[0]))
        net.standardise(past)
        net.encode(past, torch.ones(400, 2) > 0, None)
    varies = seen[0].std(0) > 0.5
    assert varies.sum() >= 4 * 7
    assert torch.allclose(seen[0].mean(0), torch.zeros(32), atol=1e-4)
    assert torch.allclose(seen[0].std(0)[varies], torch.ones(int(varies.sum())), atol=1e-4)
    assert torch.equal(seen[1], past.reshape(400, -1))


def test_agents_that_are_not_there_get_no_future_and_change_no_other():
    net, past = GroupForecaster(12, 4, 32), torch.randn(3, 4, 8, 2).cumsum(2)
    present = torch.tensor([[True, True, True, False], [True, False, True, True], [True] * 4])
    style = torch.randn(3, 4)
    future = net(past, present, None, style)
    assert (future[~present] == 0).all()
    alone = net(past[:1, :3], present[:1, :3], None, style[:1])
    assert torch.allclose(alone, future[:1, :3], atol=1e-5)


def test_a_style_is_the_mean_over_the_agents_that_are_there():
    reader, tracks = StyleReader(20, 4), torch.randn(3, 4, 20, 2)
    present = torch.tensor([[True, True, True, False]] * 3)
    other = tracks.clone()
    other[:, 3] = 50.0
    assert torch.allclose(reader(tracks, present), reader(other, present))
    assert torch.allclose(reader(tracks[:, :3], present[:, :3]), reader(tracks, present), atol=1e-6)
    assert torch.allclose(reader.project(reader(tracks, present)).norm(dim=-1), torch.ones(3))


def test_a_channel_is_read_where_there_is_one():
    net, past, present = GroupForecaster(12, 4, 32, channel=True), torch.randn(2, 3, 8, 2), torch.ones(2, 3) > 0
    a, b = (net(past, present, torch.full((2, 3, 8), value), None) for value in (0.0, 3.0))
    assert a.shape == (2, 3, 12, 2)
    assert not torch.allclose(a, b)


def test_a_latent_moves_downhill_each_row_by_itself_and_no_step_leaves_it():
    code = torch.randn(4, 3)
    target = torch.randn(4, 3)

    def loss(z):
        return (z - target).square().sum(1)

    assert torch.equal(moved_code(code, loss, 0, 0.1), code)
    moved = moved_code(code, loss, 20, 0.05)
    assert (loss(moved) < loss(code)).all()
    alone = moved_code(code[1:2], lambda z: (z - target[1:2]).square().sum(1), 20, 0.05)
    assert torch.allclose(alone, moved[1:2], atol=1e-6)


# -- references ------------------------------------------------------------------------------------------------------


def walks(n, labels, seed=0, agents=2):
    rng = np.random.default_rng(seed)
    return Tracks(np.cumsum(rng.normal(size=(n, agents, 20, 2)), axis=2), np.resize(labels, n))


def read(scenes):
    return torch.from_numpy(scenes.tracks[:, 0, 0]).float()


def bank_of(scenes, most=4):
    bank = SceneBank()
    bank.keep(scenes, scenes.environments, most)
    return bank


def test_a_bank_keeps_scenes_spread_evenly_and_forgets_them():
    bank = bank_of(walks(40, ["a", "b"]))
    kept = bank.scenes(("a", "b"))
    assert kept.environment.tolist() == ["a"] * 4 + ["b"] * 4
    assert np.allclose(kept.tracks[:4], walks(40, ["a", "b"]).tracks[[0, 12, 26, 38]], atol=1e-5)
    bank.forget(0)
    bank.keep(walks(3, ["c"], seed=5, agents=3), ("c",), 4, first=1)
    grown = bank.scenes(("b", "c"))
    assert grown.environment.tolist() == ["b"] * 4 + ["c"] * 3
    assert grown.there.sum(1).tolist() == [2] * 4 + [3] * 3


def test_a_scene_never_speaks_for_itself():
    training = walks(40, ["a", "b"])
    bank = bank_of(training)
    found = bank.named(["a"] * 3, training.take([0, 1, 2]), ("a", "b"), read)
    assert found.positive[:, :4].sum(1).tolist() == [3, 4, 4]
    assert not found.positive[:, 4:].any()
    assert found.negative[0].tolist() == [False] * 4 + [True] * 4
    assert found.negative[1].sum() == 3  # scene 1 is kept too, as the first of b
    assert torch.allclose(found.style[0], found.codes[1:4].mean(0))
    assert (
        found.told
        == "4 scenes of a that the model keeps; 1 of them overlap with scenes forecast and were left out for those"
    )
    elsewhere = bank.named(["a"], walks(1, ["a"], seed=9), ("a", "b"), read)
    assert elsewhere.told.endswith("none of them is among the scenes forecast")


def test_given_scenes_speak_for_all_and_kept_ones_of_other_places_against_them():
    bank = bank_of(walks(40, ["a", "b"]))
    few = walks(5, ["b"], seed=3)
    found = bank.given(few, walks(2, ["x"], seed=4), ("a", "b"), read)
    assert found.positive.tolist() == [[True] * 5 + [False] * 8] * 2
    assert found.negative.tolist() == [[False] * 5 + [True] * 4 + [False] * 4] * 2
    assert torch.allclose(found.style[0], read(few).mean(0))


def test_references_that_do_not_fit_are_refused():
    bank, scenes = bank_of(walks(40, ["a", "b"])), walks(2, ["a"], seed=4)
    with pytest.raises(OptionError, match=r"no environment 'c'; known are a, b"):
        bank.named(["a", "c"], scenes, ("a", "b"), read)
    with pytest.raises(OptionError, match="2 scenes and 3 labels"):
        bank.named(["a"] * 3, scenes, ("a", "b"), read)
    with pytest.raises(DataError, match="scene 1 overlaps with all of its references"):
        bank.given(scenes.take([1]), scenes, ("a", "b"), read)
    with pytest.raises(DataError, match="scene 0 overlaps"):
        References(torch.zeros(1, 2), torch.tensor([[False]]), torch.tensor([[True]]), "")
