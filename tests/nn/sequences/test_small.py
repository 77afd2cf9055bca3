"""Small models of every kind of positions: seen by moving tokens about."""

import pytest
import torch
from tests.nn.sequences import tiny

from aitia.errors import OptionError
from aitia.nn.sequences import SequenceModel
from aitia.nn.sequences.small import POSITIONS, small_sequence_model


def made(positions="rotary", visibility="causal", **more):
    held = tiny.vocabulary()
    model = small_sequence_model(held, visibility, width=16, layers=1, heads=2, longest=32, positions=positions, **more)
    for weight in model.model.parameters():
        if weight.requires_grad and weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3, generator=torch.Generator().manual_seed(7))
    return model


@pytest.mark.parametrize("positions", POSITIONS)
def test_only_a_decoder_without_positions_is_blind_to_the_order_of_what_stands_before(positions):
    # With one layer and no positions the last token sees a set.
    model = made(positions)
    with torch.no_grad():
        one, other = (model.logits(torch.tensor([ids]))[0, -1] for ids in ([5, 6, 7, 8], [7, 5, 6, 8]))
    assert torch.allclose(one, other, atol=1e-5) == (positions == "none")


def test_the_sinusoidal_table_is_as_its_source_has_it_and_is_not_trained():
    table = made("sinusoidal").model.transformer.wpe.weight
    assert not table.requires_grad
    for place, unit in ((0, 0), (3, 4), (9, 7)):
        angle = torch.tensor(place / 10_000 ** (2 * (unit // 2) / 16))
        wanted = angle.sin() if unit % 2 == 0 else angle.cos()
        assert float(table[place, unit]) == pytest.approx(0.02 * float(wanted), abs=1e-6)


@pytest.mark.parametrize("positions", POSITIONS)
def test_every_kind_is_saved_and_opened(positions, tmp_path):
    model = made(positions)
    model.save(tmp_path)
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.allclose(SequenceModel.load(tmp_path).logits(ids), model.logits(ids), atol=1e-5)


def test_the_same_seed_gives_the_same_weights_and_options_are_checked():
    held = [small_sequence_model(tiny.vocabulary(), width=16, heads=2, layers=1, seed=s).model for s in (1, 1, 2)]
    states = [torch.cat([w.flatten() for w in model.parameters()]) for model in held]
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])
    assert small_sequence_model(tiny.vocabulary(), "encoder-decoder", width=16, heads=2, layers=1).has_encoder
    with pytest.raises(OptionError, match="positions is one of"):
        made("absolute")
    with pytest.raises(OptionError, match="relative positions here"):
        made("none", "encoder-decoder")
    with pytest.raises(OptionError, match="multiple of twice the heads"):
        small_sequence_model(tiny.vocabulary(), width=18, heads=4)
