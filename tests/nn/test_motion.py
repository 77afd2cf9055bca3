"""Frames of reference, attention and walking against what they must leave alone."""

import numpy as np
import pytest
import torch

from aitia.nn.motion import AgentEncoder, GraphAttention, Walk, from_frame, nearest_offsets, scene_frame, to_frame


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def turned(tracks, angle, shift):
    rotation = torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], dtype=tracks.dtype)
    return tracks @ rotation.T + torch.tensor(shift, dtype=tracks.dtype)


@pytest.mark.parametrize("own", [False, True])
def test_a_shifted_and_turned_scene_looks_the_same_from_its_frame(own):
    past = torch.randn(5, 3, 8, 2, dtype=torch.float64)
    other = turned(past, 1.1, [4.0, -2.0])
    assert torch.allclose(to_frame(past, scene_frame(past, own)), to_frame(other, scene_frame(other, own)))


@pytest.mark.parametrize("own", [False, True])
def test_to_a_frame_and_back_is_the_identity(own):
    past = torch.randn(5, 3, 8, 2, dtype=torch.float64)
    frame = scene_frame(past, own)
    assert torch.allclose(from_frame(to_frame(past, frame), frame), past)


def test_an_agent_that_stands_still_has_a_frame():
    frame = scene_frame(torch.zeros(1, 2, 8, 2), own=True)
    assert torch.equal(frame[1][0, 0], torch.eye(2))


def test_the_nearest_other_agent_is_found_by_its_closest_approach():
    tracks = torch.zeros(1, 3, 4, 2)
    tracks[0, 0, :, 0] = torch.arange(4.0)  # walks along x, so its frame is the plane's
    tracks[0, 1] = tracks[0, 0] + torch.tensor([0.0, 5.0])
    tracks[0, 2] = torch.tensor([3.0, 1.0])
    seen = nearest_offsets(tracks, torch.tensor([[True, True, True]]))
    assert torch.allclose(seen[0, 0], tracks[0, 2] - tracks[0, 0])
    without = nearest_offsets(tracks, torch.tensor([[True, True, False]]))
    assert torch.allclose(without[0, 0], torch.tensor([0.0, 5.0]).expand(4, 2))
    assert (without[0, 2] == 0).all()
    assert (nearest_offsets(tracks, torch.tensor([[True, False, False]])) == 0).all()


def test_attention_is_the_formula_written_out():
    layer = GraphAttention(3, 2, heads=2)
    h, present = torch.randn(4, 3), torch.tensor([True, True, False, True])
    w = layer.project(h).reshape(4, 2, 2)
    out = torch.zeros(4, 2, 2)
    for head in range(2):
        for a in range(4):
            scores = [
                torch.nn.functional.leaky_relu(w[a, head] @ layer.receive[head] + w[b, head] @ layer.send[head], 0.2)
                for b in (0, 1, 3)
            ]
            weights = torch.softmax(torch.stack(scores), 0)
            out[a, head] = sum(weight * w[b, head] for weight, b in zip(weights, (0, 1, 3), strict=True))
    assert torch.allclose(layer(h, present), out.reshape(4, 4) + layer.bias, atol=1e-6)


def test_agents_in_another_order_get_their_codes_in_that_order_and_absent_ones_change_nothing():
    encoder = AgentEncoder(hidden=16)
    steps, present = torch.randn(3, 5, 8, 2), torch.tensor([[True] * 4 + [False]] * 3)
    code = encoder(steps, present)
    order = [3, 1, 4, 0, 2]
    assert torch.allclose(encoder(steps[:, order], present[:, order]), code[:, order], atol=1e-5)
    other = steps.clone()
    other[:, 4] = 100.0
    assert torch.allclose(encoder(other, present)[:, :4], code[:, :4], atol=1e-5)
    assert not torch.allclose(encoder(steps * 2, present)[:, :4], code[:, :4])


def test_a_walk_that_has_learnt_nothing_repeats_the_last_step():
    walk = Walk(6, 5)
    with torch.no_grad():
        walk.out.weight.zero_()
        walk.out.bias.zero_()
    step = torch.randn(2, 3, 2)
    assert torch.allclose(walk(torch.randn(2, 3, 6), step), step[:, :, None].expand(2, 3, 5, 2))
