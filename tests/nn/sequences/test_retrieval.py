"""Read-outs, the loss over rows of all, and gradients that do not know of chunks."""

import pytest
import torch
from tests.nn.sequences import tiny
from torch.nn.functional import normalize

from aitia.errors import DataError, OptionError
from aitia.nn.sequences.retrieval import in_chunks, last_state, retrieval_loss, state_at


def test_the_last_state_is_that_of_the_last_token_whichever_side_is_padded():
    states = torch.arange(8.0).reshape(2, 4, 1)
    present = torch.tensor([[0, 0, 1, 1], [1, 1, 0, 0]])
    assert last_state(states, present)[:, 0].tolist() == [3, 5]
    ids = torch.tensor([[9, 1, 9, 2], [1, 9, 1, 1]])
    assert state_at(states, ids, 9)[:, 0].tolist() == [2, 5]
    with pytest.raises(DataError, match="row 1 lacks the marker"):
        state_at(states, torch.tensor([[9, 1, 1, 1], [1, 1, 1, 1]]), 9)


def test_the_loss_is_what_its_definition_says():
    torch.manual_seed(0)
    q, d, hard = (torch.randn(4, 3) for _ in range(3))
    same = torch.tensor([0, 1, 0, 2])
    q1, d1, h1 = (normalize(x, dim=-1) for x in (q, d, hard))
    wanted = 0.0
    for i in range(4):
        others = [j for j in range(4) if j == i or same[j] != same[i]]
        against = torch.cat([(q1[i] @ d1[others].T), q1[i] @ h1.T]) / 0.1
        wanted += float(against.logsumexp(0) - q1[i] @ d1[i] / 0.1) / 4
    assert float(retrieval_loss(q, d, hard, temperature=0.1, same=same)) == pytest.approx(wanted, abs=1e-5)
    with pytest.raises(DataError, match="needs a target that is not its own"):
        retrieval_loss(q[:1], d[:1])
    with pytest.raises(OptionError, match="temperature is positive"):
        retrieval_loss(q, d, temperature=0)


def test_chunks_change_neither_the_loss_nor_a_gradient():
    model = tiny.model("llama")
    ids = torch.randint(5, 20, (6, 5), generator=torch.Generator().manual_seed(1))

    def encode(rows):
        return last_state(model.model.model(input_ids=rows).last_hidden_state, torch.ones_like(rows))

    found = []
    for size in (2, 6):
        model.model.zero_grad()
        codes = in_chunks(encode, (ids,), size)
        loss = retrieval_loss(codes[:3], codes[3:])
        loss.backward()
        found.append([float(loss.detach()), *(p.grad.clone() for p in model.model.parameters() if p.grad is not None)])
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-6)
    assert len(found[0]) > 5
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found[0][1:], found[1][1:], strict=True))
