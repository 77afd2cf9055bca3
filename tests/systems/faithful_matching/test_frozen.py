"""A map of the codes of an encoder that stays as it is, and the smoothing of what the box says of a text."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

import aitia
from aitia.errors import FormatError
from aitia.nn.text_encoders import text_encoder
from aitia.systems.faithful_matching import FaithfulMatching, frozen
from aitia.worlds import ReviewEditor, ReviewsWorld

WORLD = ReviewsWorld()
SAMPLE = WORLD.sample(120, seed=100)
TEXTS = list(WORLD.render(SAMPLE))
ASKED = list(WORLD.render(WORLD.sample(8, seed=101)))


def ask(texts):
    """A black box that likes long texts."""
    p = np.array([len(text) / (50 + len(text)) for text in texts])
    return np.stack([1 - p, p], axis=1)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    text_encoder("small", TEXTS, width=16).language.save(folder)
    made = FaithfulMatching(encoder=str(folder), frozen=True, steps=20, queries=8, treatments=["food"])
    return made.fit({"text": TEXTS, **WORLD.aspects(SAMPLE)}, writer=ReviewEditor(WORLD, SAMPLE)), folder


def test_before_its_training_a_frozen_encoder_is_the_encoder_of_the_folder_and_after_it_another(fitted):
    made, folder = fitted
    codes = text_encoder(folder, []).codes(ASKED)
    units = codes / codes.norm(dim=1, keepdim=True)
    net = made.matching.fitted()
    assert torch.allclose(net.encoder("").codes(ASKED), units, atol=1e-6)
    assert not torch.allclose(net.encoder("food").codes(ASKED), units, atol=1e-3)
    assert {name.rsplit(".", 2)[-2] for name, _ in net.trained.named_parameters()} == {"map"}


def test_a_frozen_encoder_is_read_again_from_its_folder(fitted, tmp_path):
    made, _ = fitted
    made.save_pretrained(tmp_path / "model")
    again = aitia.load(tmp_path / "model")
    for by in ("causal", "embedding"):
        one = made.matching.explain(ASKED, "food", "positive", ask, by=by, k=3).values
        assert again.matching.explain(ASKED, "food", "positive", ask, by=by, k=3).values == pytest.approx(one)


def test_an_encoder_that_is_trained_anew_in_its_folder_gives_new_codes_and_a_map_beside_the_old_one_none(
    fitted, tmp_path
):
    made, folder = fitted
    moved = tmp_path / "encoder"
    shutil.copytree(folder, moved)
    config = replace(made.config, encoder=str(moved))
    before = frozen.encoder_of(config, TEXTS).codes(ASKED)
    assert frozen.encoder_of(config, TEXTS).frozen is frozen.encoder_of(config, TEXTS).frozen
    told = frozen.encoder_of(config, TEXTS).described()
    assert torch.equal(frozen.encoder_as_described(told).codes(ASKED), before)
    shutil.rmtree(moved)
    text_encoder("small", TEXTS[:60], width=16, seed=3).language.save(moved)
    after = frozen.encoder_of(config, TEXTS).codes(ASKED)
    assert after.shape[0] == before.shape[0]
    assert not torch.allclose(after, before, atol=1e-2)
    with pytest.raises(FormatError, match="another encoder than the one that this model was fitted beside"):
        frozen.encoder_as_described(told).codes(ASKED)


def test_no_more_codes_are_kept_than_fit_and_a_text_that_was_dropped_is_encoded_again(fitted, monkeypatch):
    _, folder = fitted
    codes = frozen.FrozenCodes(str(folder))
    monkeypatch.setattr(frozen, "MOST", 3)
    whole = codes(ASKED)
    assert list(codes._kept) == ASKED[-3:]
    assert torch.allclose(codes(ASKED[:2]), whole[:2], atol=1e-6)
    assert len(codes._kept) == 3


@pytest.mark.parametrize("by", ["causal", "tf-idf", "random"])
def test_with_smoothing_a_share_of_the_box_gives_way_to_matches_of_the_text_s_own_value(fitted, by, monkeypatch):
    model = fitted[0].matching
    concepts = {"food": ["negative", "unknown", "positive", "unknown"] * 2}
    options = {"by": by, "k": 3, "concepts": concepts}
    plain = model.explain(ASKED, "food", "positive", ask, **options).values
    alike = model.match(ASKED, "food", concepts["food"], 3, by=by, concepts=concepts).rows
    own = np.stack([ask([TEXTS[row] for row in rows]).mean(axis=0) for rows in alike])
    for share in (0.5, 1.0):
        monkeypatch.setattr(model, "config", replace(model.config, smoothing=share))
        smoothed = model.explain(ASKED, "food", "positive", ask, **options).values
        assert smoothed == pytest.approx(plain + share * (ask(ASKED) - own))
    # What has the value already is not changed at all where nothing of the text itself is left.
    assert smoothed[2] == pytest.approx(0)
