"""Readers and segmenters: they learn, say how well, come back from files, and know pictures from pictures."""

import numpy as np
import pytest
import torch

from aitia.errors import DataError, FormatError, OptionError, UnknownVariableError
from aitia.nn.pixels import from_bytes
from aitia.nn.readers import AttributeReader
from aitia.nn.segmenters import LibrarySegmenter, SmallSegmenter, likeliest, load_segmenter, masks_of, unsure

LABELS = {"place": ("left", "right"), "shade": ("dark", "light", "white")}


def pictures(n, seed):
    """A square, left or right, in three greys, with its mask."""
    rng = np.random.default_rng(seed)
    place, shade = rng.integers(0, 2, n), rng.integers(0, 3, n)
    images, mask = np.zeros((n, 8, 8, 3), np.uint8), np.zeros((n, 8, 8), bool)
    for row in range(n):
        left = 4 * place[row]
        mask[row, 2:6, left : left + 4] = True
        images[row, mask[row]] = 80 + 80 * shade[row]
    return images, {"place": place, "shade": shade}, {"square": mask, "ground": ~mask}


@pytest.fixture(scope="module")
def reader():
    images, codes, _ = pictures(400, 0)
    return AttributeReader(LABELS, width=8, updates=80, batch=32).fit(images, codes)


@pytest.fixture(scope="module")
def segmenter():
    images, _, masks = pictures(200, 0)
    return SmallSegmenter(["ground", "square"], width=4, updates=60).fit(images, masks)


def test_a_reader_reads_and_its_accuracy_is_what_it_gets_right(reader):
    images, codes, _ = pictures(300, 7)
    said = reader.read(images)
    for name in LABELS:
        right = (said.codes[name] == codes[name]).mean()
        assert right > 0.95
        assert abs(right - reader.accuracy[name]) < 0.1
    assert said.words("place")[0] == LABELS["place"][codes["place"][0]]
    assert reader.held_back == 40
    with pytest.raises(UnknownVariableError):
        said.words("plac")
    noise = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    assert reader.read(noise).sure["shade"].mean() < said.sure["shade"].mean()


def test_a_reader_comes_back_the_same_and_is_known_by_its_fingerprint(reader, tmp_path):
    images, codes, _ = pictures(50, 3)
    reader.save_pretrained(tmp_path / "reader")
    again = AttributeReader.from_pretrained(tmp_path / "reader")
    assert again.fingerprint == reader.fingerprint
    assert again.accuracy == reader.accuracy
    assert np.array_equal(again.features(images), reader.features(images))
    images, codes, _ = pictures(400, 0)
    same, other = (AttributeReader(LABELS, width=8, updates=5, seed=seed).fit(images, codes) for seed in (0, 1))
    assert same.fingerprint != other.fingerprint
    assert AttributeReader(LABELS, width=8, updates=5).fit(images, codes).fingerprint == same.fingerprint


def test_logits_have_gradients_and_agree_with_what_is_read(reader):
    images, _, _ = pictures(5, 3)
    x = from_bytes(images).requires_grad_()
    logits = reader.logits(x)
    assert np.array_equal(logits["shade"].argmax(1).numpy(), reader.read(images).codes["shade"])
    logits["shade"].sum().backward()
    assert float(x.grad.abs().max()) > 0


def test_what_a_reader_cannot_learn_is_said(reader):
    images, codes, _ = pictures(20, 0)
    with pytest.raises(OptionError, match="two labels"):
        AttributeReader({"place": ("left",)})
    with pytest.raises(DataError, match="lack the attribute 'shade'"):
        AttributeReader(LABELS).fit(images, {"place": codes["place"]})
    with pytest.raises(DataError, match="codes of shade are 0 to 2"):
        AttributeReader(LABELS).fit(images, {**codes, "shade": codes["shade"] + 5})
    with pytest.raises(DataError, match="reads 8 by 8 pixels, got 16 by 16"):
        reader.read(np.zeros((1, 16, 16, 3), np.uint8))
    with pytest.raises(OptionError, match="not been fitted"):
        AttributeReader(LABELS).read(images)


def test_a_segmenter_finds_the_pixels_and_says_how_well(segmenter, tmp_path):
    images, _, masks = pictures(60, 5)
    x = from_bytes(images)
    found = masks_of(segmenter, x)
    for name, true in masks.items():
        assert (found[name] & true).sum() / (found[name] | true).sum() > 0.8
    assert set(segmenter.iou) == {"ground", "square"}
    assert min(segmenter.iou.values()) > 0.8
    said = segmenter.probabilities(x[:2].requires_grad_())
    assert torch.allclose(said.sum(1), torch.ones(2, 8, 8), atol=1e-5)
    assert said.requires_grad
    assert 0 <= unsure(segmenter, x.detach()) < 0.1
    segmenter.save_pretrained(tmp_path / "cut")
    again = load_segmenter(tmp_path / "cut")
    assert again.fingerprint == segmenter.fingerprint
    assert again.iou == segmenter.iou


def test_masks_that_leave_a_pixel_or_overlap_are_refused():
    images, _, masks = pictures(20, 0)
    with pytest.raises(DataError, match="no mask of 'sky'"):
        SmallSegmenter(["ground", "sky"]).fit(images, masks)
    with pytest.raises(DataError, match="show none or several"):
        SmallSegmenter(["ground", "square"]).fit(images, {**masks, "ground": np.zeros_like(masks["ground"])})
    with pytest.raises(OptionError, match="two names"):
        SmallSegmenter(["ground"])


def test_a_segmenter_of_transformers_is_opened_and_brought_to_the_size_of_the_picture(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.SegformerConfig(
        num_encoder_blocks=2, depths=[1, 1], sr_ratios=[1, 1], hidden_sizes=[8, 8], patch_sizes=[3, 3], strides=[2, 2],
        num_attention_heads=[1, 1], mlp_ratios=[1, 1], decoder_hidden_size=8, id2label={0: "sky", 1: "tree"},
        label2id={"sky": 0, "tree": 1},
    )  # fmt: skip
    model = transformers.SegformerForSemanticSegmentation(config).eval()
    model.save_pretrained(tmp_path / "seg")
    found = load_segmenter(tmp_path / "seg")
    assert isinstance(found, LibrarySegmenter)
    assert found.names == ("sky", "tree")
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    said = found.probabilities(x)
    assert said.shape == (2, 2, 16, 16)
    with torch.no_grad():
        theirs = model(pixel_values=(x + 1) / 2).logits
    assert torch.allclose(
        said, torch.nn.functional.interpolate(theirs, size=(16, 16), mode="bilinear").softmax(1), atol=1e-5
    )
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="no safetensors"):
        load_segmenter(tmp_path / "empty")


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_likeliest_name_is_that_of_argmax_and_the_first_of_several(count):
    said = torch.rand(3, count, 4, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(likeliest(said), said.argmax(1))
    assert not likeliest(torch.full((2, count, 4, 4), 0.5)).any()
