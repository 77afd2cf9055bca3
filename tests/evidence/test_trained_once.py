"""A model is trained once for a world, sizes, a seed and the code that trains it; whoever asks has the very same."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from aitia.errors import FormatError
from aitia.evidence import trained_once as module
from aitia.evidence.source import modules_of
from aitia.evidence.trained_once import trained_once
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model

CODE = "aitia.systems.ume_r1.beginning"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "aitia" / "models"


def asked(train, world="entities", sizes=(1,), seed=0, code=CODE):
    return trained_once(
        code, world, {"sizes": sizes}, seed, train=train,
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
    assert asked(train, code="aitia.systems.next_token_concepts.predictors") == b"\x05"
    assert asked(train) == b"\x01"
    assert len([*cache.iterdir()]) == 5


def test_other_code_is_another_model(cache, monkeypatch):
    assert asked(lambda: b"before") == b"before"
    monkeypatch.setattr(module, "remembered_hash", lambda name: "changed")
    assert asked(lambda: b"after") == b"after"


def test_who_asks_is_no_part_of_what_a_model_is(cache, monkeypatch):
    monkeypatch.setattr(module, "remembered_hash", lambda code: "the same code")
    assert asked(lambda: b"one") == b"one"
    assert asked(lambda: b"another", code="tests.another") == b"one"


def test_two_claims_begin_with_the_same_readers(monkeypatch):
    from aitia.evidence import pictures
    from aitia.systems.diff_quickfix import claim as quickfix
    from aitia.systems.lina import claim as lina

    told, made = [], SimpleNamespace(labels={}, logits=None, fingerprint="")
    monkeypatch.setattr(pictures, "trained_once", lambda *of, **how: told.append(of) or made)
    for claim in (quickfix, lina):
        claim._readers.cache_clear()
        claim._readers()
        claim._readers.cache_clear()
    assert told[:2] == told[2:]
    assert [of[-1] for of in told] == [0, 1, 0, 1]


def test_the_code_that_trains_counts_wherever_it_lies():
    assert {"aitia.evidence.pictures", "aitia.nn.text_to_image", "aitia.worlds.questions"} <= {
        *modules_of("aitia.evidence.pictures")
    }
    claims = modules_of("aitia.systems.lina.claim")
    assert not any(name.startswith("aitia.evidence") for name in claims), "nothing of it is in the hash of a claim"
    begun = modules_of(CODE)
    assert "aitia.systems.ume_r1.claim" not in begun, "what a claim asks trains nothing anew"
    assert {"aitia.systems.ume_r1.model", "aitia.worlds.digit_sets"} <= {*begun}


def test_a_damaged_model_is_trained_anew_and_a_closed_cache_trains(cache, monkeypatch):
    assert asked(lambda: b"whole") == b"whole"
    (next(cache.iterdir()) / "model").unlink()
    assert asked(lambda: b"anew") == b"anew" == asked(lambda: b"never")

    def refuse(folder):
        raise FormatError("damaged")

    options = {"train": lambda: b"other", "save": lambda model, folder: None}
    monkeypatch.setattr(module, "_home", lambda: None)
    assert trained_once(CODE, "entities", {}, 0, read=refuse, **options) == b"other"


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
        found = trained_once(CODE, "entities", {}, 0, train=train, **options)
        assert (found.longest, found.visibility, found.model.training) == (24, "causal", False)
        assert found.model.config._attn_implementation == made.model.config._attn_implementation
        assert found.vocabulary.tokenizer.get_vocab() == tokenizer.get_vocab()
        assert (found.vocabulary.pad, found.vocabulary.end) == (made.vocabulary.pad, made.vocabulary.end)
        state = made.model.state_dict()
        assert all(torch.equal(value, state[name]) for name, value in found.model.state_dict().items())
        ids = torch.tensor([[5, 6, 7]])
        with torch.no_grad():
            assert np.array_equal(found.logits(ids), made.model.eval()(ids).logits)
