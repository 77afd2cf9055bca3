"""Training over drawn examples: the same for any number of processes, and it learns what there is to learn."""

import numpy as np
import pytest
import torch
from tests.nn.sequences import tiny

from aitia.errors import DataError, OptionError
from aitia.nn.sequences import objectives
from aitia.nn.sequences.training import DrawnExamples, SequenceLoss
from aitia.train import TrainConfig, train

TEXTS = [np.array(row) for row in ([5, 6, 7, 8], [9, 10, 11, 12, 13], [14, 15, 16, 17])]


def made(size=4, seed=0):
    return DrawnExamples(lambda row, rng: objectives.prefix_language(TEXTS[row], rng), 3, size, 0, seed=seed)


def test_a_step_is_the_same_whenever_it_is_asked_for_and_processes_share_it():
    whole = made()(5, 0, 1)
    assert all(torch.equal(a, b) for a, b in zip(whole, made()(5, 0, 1), strict=True))
    halves = [made()(5, rank, 2) for rank in range(2)]
    for rank, half in enumerate(halves):
        wanted = whole[0][rank::2]
        assert torch.equal(half[0], wanted[:, : half[0].shape[1]])
    seen = torch.cat([made(3)(step, 0, 1)[0] for step in (0,)])[:, 0].tolist()
    assert sorted(seen) == [5, 9, 14]


def test_what_was_read_and_what_carried_loss_is_counted():
    drawn = made(3)
    tensors = drawn(0, 0, 1)
    assert drawn.processed == int(tensors[1].sum()) == 13
    assert drawn.carrying == int((tensors[3] > 0).sum())


@pytest.mark.parametrize("carrying", [False, True])
def test_a_plan_has_the_fewest_steps_that_reach_the_budget_and_counts_what_they_take(carrying):
    for budget in (1, 13, 14, 200):
        drawn = made(3)
        planned = drawn.planned(budget, carrying=carrying)
        assert (drawn.processed, drawn.carrying) == (0, 0)
        counts = []
        for step in range(planned.steps):
            drawn(step, 0, 1)
            counts.append(drawn.carrying if carrying else drawn.processed)
        assert (planned.processed, planned.carrying) == (drawn.processed, drawn.carrying)
        assert counts[-1] >= budget
        assert all(count < budget for count in counts[:-1])
    silent = DrawnExamples(lambda row, rng: objectives.responses([([5, 6], False)]), 1, 1, 0)
    with pytest.raises(DataError, match="no position of a step carries loss"):
        silent.planned(5, carrying=True)


def test_a_model_learns_a_text_by_heart():
    model = tiny.model("llama", "prefix")
    losses = train(
        SequenceLoss(model), made(6), TrainConfig(steps=80, learning_rate=5e-3, validate_every=20, device="cpu")
    ).losses
    assert losses[-1]["loss"] < 0.1 < losses[0]["loss"]


def test_an_empty_corpus_is_refused():
    with pytest.raises(OptionError, match="at least 1 row"):
        DrawnExamples(lambda row, rng: objectives.full_language(TEXTS[0]), 0, 1, 0)


def test_a_document_that_does_not_fit_is_named_by_its_number_in_the_corpus():
    drawn = DrawnExamples(lambda row, rng: objectives.full_language(TEXTS[row]), 3, 2, 0, longest=4)
    with pytest.raises(DataError, match="document 1 of 3 has 5 tokens, the model takes 4: cut it or leave it out"):
        _ = [drawn(step, 0, 1) for step in range(2)]
