"""Heads over the tokens of a text."""

import pytest
import torch

from aitia.errors import OptionError
from aitia.nn.choices import TEXT_POOLINGS
from aitia.nn.text_heads import TextHead


@pytest.mark.parametrize("pooling", TEXT_POOLINGS)
def test_what_is_padded_does_not_count(pooling):
    head, states = TextHead(6, 3, pooling), torch.randn(4, 5, 6)
    mask = torch.ones(4, 5, dtype=torch.long)
    longer = torch.cat([states, 100 * torch.ones(4, 2, 6)], dim=1)
    padded = torch.cat([mask, torch.zeros(4, 2, dtype=torch.long)], dim=1)
    assert torch.allclose(head(states, mask), head(longer, padded), atol=1e-6)


def test_the_mean_is_scored_linearly():
    head, states = TextHead(6, 3), torch.randn(4, 5, 6)
    assert torch.allclose(head(states, torch.ones(4, 5)), head.scores(states.mean(dim=1)), atol=1e-6)


def test_attention_over_equal_tokens_is_their_mean():
    head, state = TextHead(6, 3, "attention"), torch.randn(4, 1, 6)
    assert torch.allclose(head(state.expand(4, 5, 6), torch.ones(4, 5)), head.scores(state[:, 0]), atol=1e-6)


def test_a_learnt_scale_shows_the_head_mean_zero_and_variance_one():
    head, states = TextHead(6, 3), 3 + 5 * torch.randn(40, 5, 6)
    states[..., 0] = 2.0  # a unit that never moves is left alone
    mask = (torch.rand(40, 5) < 0.8).long()
    head.learn_scale(states, mask)
    shown = ((states - head.centre) / head.scale)[mask.bool()]
    assert shown.mean(dim=0).abs().max() < 1e-5
    assert torch.allclose(shown.std(dim=0)[1:], torch.ones(5), atol=1e-5)
    assert (shown[:, 0] == 0).all()


def test_another_pooling_is_refused():
    with pytest.raises(OptionError, match="pooling is one of mean, attention, got 'max'"):
        TextHead(6, 3, "max")
