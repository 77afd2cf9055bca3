"""A model is trained once for a world, sizes, a seed and the code; whoever asks later reads the very same."""

import numpy as np
import pytest
import torch

from aitia.errors import FormatError
from aitia.evidence import trained_once as module
from aitia.evidence.trained_once import trained_once
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model

CLAIM = "aitia.systems.sift.claim"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "aitia" / "models"


def asked(train, world="entities", sizes=(1,), seed=0, claim=CLAIM):
    return trained_once(
        claim, world, {"sizes": sizes}, seed, train=train,
        save=lambda model, folder: (folder / "model").write_bytes(model),
        read=lambda folder: (folder / "model").read_bytes(),
    )  # fmt: skip


def test_the_first_who_asks_trains_and_all_else_that_counts_is_another_model(cache):
    trained = []

    def train():
        trained.append(1)
        return bytes([len(trained)])

    assert [asked(train) for _ in range(3)] == [b"\x01"] * 3
    assert asked(train, sizes=(2,)) == b"\x02"
    assert asked(train, seed=1) == b"\x03"
    assert asked(train, world="roles") == b"\x04"
    assert asked(train, claim="aitia.systems.cm3.claim") == b"\x05"
    assert asked(train) == b"\x01"
    assert len([*cache.iterdir()]) == 5


def test_other_code_is_another_model(cache, monkeypatch):
    assert asked(lambda: b"before") == b"before"
    monkeypatch.setattr(module, "remembered_hash", lambda name: "changed")
    assert asked(lambda: b"after") == b"after"


def test_a_damaged_model_is_trained_anew_and_a_closed_cache_trains(cache, monkeypatch):
    assert asked(lambda: b"whole") == b"whole"
    (next(cache.iterdir()) / "model").unlink()
    assert asked(lambda: b"anew") == b"anew" == asked(lambda: b"never")

    def refuse(folder):
        raise FormatError("damaged")

    options = {"train": lambda: b"other", "save": lambda model, folder: None}
    monkeypatch.setattr(module, "_home", lambda: None)
    assert trained_once(CLAIM, "entities", {}, 0, read=refuse, **options) == b"other"


def test_the_oldest_leave(cache, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    for seed in range(6):
        asked(lambda: b"x", seed=seed)
    assert len([*cache.iterdir()]) == 3


def test_a_sequence_model_that_was_read_is_the_one_that_was_trained(cache):
    tokenizer = word_tokenizer(["a", "b", "c"])
    tokenizer.eos_token = "[SEP]"
    made = small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=24, seed=3)
    options = {"save": lambda model, folder: model.save(folder), "read": SequenceModel.load}
    for train in (lambda: made, lambda: pytest.fail("it was trained before")):
        found = trained_once(CLAIM, "entities", {}, 0, train=train, **options)
        assert (found.longest, found.visibility, found.model.training) == (24, "causal", False)
        assert found.model.config._attn_implementation == made.model.config._attn_implementation
        assert found.vocabulary.tokenizer.get_vocab() == tokenizer.get_vocab()
        assert (found.vocabulary.pad, found.vocabulary.end) == (made.vocabulary.pad, made.vocabulary.end)
        state = made.model.state_dict()
        assert all(torch.equal(value, state[name]) for name, value in found.model.state_dict().items())
        ids = torch.tensor([[5, 6, 7]])
        with torch.no_grad():
            assert np.array_equal(found.logits(ids), made.model.eval()(ids).logits)
