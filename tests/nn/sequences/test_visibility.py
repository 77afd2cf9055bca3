"""A mask lets through what it says and no more: seen by changing each token of unmodified models."""

import numpy as np
import pytest
import torch
from tests.nn.sequences import tiny

from aitia.errors import OptionError
from aitia.nn.sequences import check_takes_masks
from aitia.nn.sequences.visibility import bidirectional, blocks, causal, padded, places, prefix

LENGTH = 6
DOCUMENTS = torch.tensor([[0, 0, 0, 1, 1, 1]])
MASKS = {
    "causal": causal(LENGTH),
    "bidirectional": bidirectional(LENGTH),
    "prefix": prefix(LENGTH, torch.tensor([4])),
    "packed": causal(LENGTH) & blocks(DOCUMENTS),
    "packed both ways": bidirectional(LENGTH) & blocks(DOCUMENTS),
    "prefix with padding": padded(prefix(LENGTH, torch.tensor([3])), torch.tensor([[1, 1, 1, 1, 1, 0]])),
}


def reach(mask, layers):
    """(keys, queries): whether a token can change the logits of a position in so many layers, by the mask alone."""
    one = mask[0, 0].numpy().astype(int)
    steps = np.linalg.matrix_power(np.eye(LENGTH, dtype=int) | one, layers) > 0
    return steps.T


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2"])
@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("layers", [1, 2])
def test_changing_a_token_moves_the_logits_that_the_mask_lets_it_reach(family, name, layers):
    network, mask = tiny.network(family, layers=layers), MASKS[name]
    ids = torch.tensor([[5, 6, 7, 8, 9, 10]])
    with torch.no_grad():
        before = network(input_ids=ids, attention_mask=mask).logits[0]
        moved = np.zeros((LENGTH, LENGTH), dtype=bool)
        for key in range(LENGTH):
            for other in (20, 21, 22):
                changed = ids.clone()
                changed[0, key] = other
                after = network(input_ids=changed, attention_mask=mask).logits[0]
                moved[key] |= (after - before).abs().amax(dim=-1).numpy() > 1e-5
    assert moved.tolist() == reach(mask, layers).tolist()


def test_a_boolean_and_an_additive_mask_are_one():
    network, ids = tiny.network("llama"), torch.tensor([[5, 6, 7, 8, 9, 10]])
    mask = MASKS["prefix"]
    added = torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(torch.float32).min)
    with torch.no_grad():
        one, other = (network(input_ids=ids, attention_mask=m).logits for m in (mask, added))
    assert torch.allclose(one, other, atol=1e-5)


def test_every_position_sees_itself_padding_too():
    mask = padded(causal(3), torch.tensor([[0, 0, 1], [1, 1, 0]]))
    assert bool(mask.diagonal(dim1=-2, dim2=-1).all())
    assert mask[:, 0].int().tolist() == [[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 0, 0], [1, 1, 0], [0, 0, 1]]]


def test_places_begin_anew_with_each_text_whichever_side_is_padded():
    assert places(torch.tensor([[0, 0, 1, 1], [1, 1, 1, 0]])).tolist() == [[0, 0, 0, 1], [0, 1, 2, 0]]
    present = torch.tensor([[1, 1, 1, 1, 0]])
    assert places(present, torch.tensor([[0, 0, 1, 1, 1]])).tolist() == [[0, 1, 0, 1, 0]]


def test_a_prefix_longer_than_its_row_is_refused():
    with pytest.raises(OptionError, match="0 to 3 positions, got 2 to 4"):
        prefix(3, torch.tensor([2, 4]))


def test_models_that_take_no_mask_are_refused_by_name():
    import transformers as t

    tiny_size = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 32, "head_dim": 8}
    gemma = t.Gemma3ForCausalLM(t.Gemma3TextConfig(**tiny_size, **heads))
    with pytest.raises(OptionError, match="sliding_attention"):
        check_takes_masks(gemma)
    with pytest.raises(OptionError, match=r"linear_attention|state spaces"):
        check_takes_masks(t.MambaForCausalLM(t.MambaConfig(**tiny_size, state_size=4)))
    network = tiny.network("llama")
    network.config._attn_implementation = "flash_attention_2"
    with pytest.raises(OptionError, match="attends by flash_attention_2, which takes no mask"):
        check_takes_masks(network)
