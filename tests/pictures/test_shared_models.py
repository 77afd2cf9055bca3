"""The models that the image systems begin with are as good as is said, on prompts and pictures of their worlds.

They are read as files that are kept (`tests.trained`); what is measured here is what `aitia.evidence.pictures` says.
"""

import itertools

import numpy as np
import pytest
import torch
from tests import trained

from aitia.evidence.pictures import ABOUT, LABELS, WORDS, painter, questions, train_painter, train_reader, whole
from aitia.nn.pixels import from_bytes, to_bytes
from aitia.nn.text_to_image import PainterConfig

pytest.importorskip("diffusers")
TINY = PainterConfig(size=8, channels=(8, 16), width=16, layers=1, updates=3, batch=4)


@pytest.fixture(scope="module")
def model():
    return trained.read("painter")


@pytest.fixture(scope="module")
def prompts():
    """Each colour with each shape, sizes in turn: text, and the codes of size, colour and shape."""
    sizes = itertools.cycle(range(6))
    codes = np.array([(next(sizes), c, s) for c, s in itertools.product(range(8), range(6))])
    words = [" ".join(LABELS[name][k] for name, k in zip(ABOUT, row, strict=True)) for row in codes]
    return [f"a {text}" for text in words], dict(zip(ABOUT, codes.T, strict=True))


@pytest.fixture(scope="module")
def drawn(model, prompts):
    said = model.embed(prompts[0])
    return said, model.draw(said, model.noise(48, seed=5), steps=12, guidance=2.0)


def test_the_painter_draws_what_it_is_told(drawn, prompts):
    found = trained.read("reader").read(to_bytes(drawn[1]))
    right = {name: float((found.codes[name] == prompts[1][name]).mean()) for name in ABOUT}
    assert min(right.values()) >= 0.9, right


def test_it_draws_as_well_in_a_wording_that_it_never_read(model, prompts):
    texts = [text.replace("a ", "a picture of the ", 1) for text in prompts[0][::2]]
    x = model.draw(model.embed(texts), model.noise(24, seed=6), steps=12, guidance=2.0)
    found = trained.read("reader").read(to_bytes(x))
    assert min(float((found.codes[name] == prompts[1][name][::2]).mean()) for name in ABOUT) >= 0.8


def test_a_shuffled_prompt_is_not_what_is_drawn(drawn, prompts):
    found = trained.read("reader").read(to_bytes(drawn[1]))
    order = np.roll(np.arange(48), 7)
    assert float((found.codes["colour"] == prompts[1]["colour"][order]).mean()) < 0.4


def test_a_true_picture_comes_back_from_its_noise_and_more_exactly_in_more_steps(model):
    world = questions()
    sample = world.sample(8, seed=3, env="balanced", do="do(texture=plain)")
    x = from_bytes(world.render(sample, size=16))
    said = model.embed(world.captions(sample, about=ABOUT))
    coarse, fine = (model.invert(x, said, steps=steps).error.mean() for steps in (10, 50))
    assert float(fine) < 0.06  # of pictures of -1 to 1: 3 % of their range
    assert float(fine) < float(coarse)


def test_the_segmenter_and_the_reader_say_how_well_they_do():
    assert min(trained.read("reader").accuracy.values()) >= 0.99
    iou = trained.read("segmenter").iou
    assert min(iou[name] for name in ("sky", "ground", "house", "tree", "sun", "mark")) >= 0.9
    assert iou["door"] >= 0.8


# -- how they are made -------------------------------------------------------------------------------------------------


def test_a_painter_is_trained_once_and_the_biased_one_is_another(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = painter(config=TINY)
    monkeypatch.setattr("aitia.evidence.pictures.train_painter", lambda *_: pytest.fail("trained a second time"))
    again = painter(config=TINY)
    said, noise = first.embed(["a red circle"]), first.noise(1, 0)
    assert torch.equal(first.draw(said, noise, steps=2), again.draw(again.embed(["a red circle"]), noise, steps=2))
    monkeypatch.undo()
    biased = train_painter(rho=0.95, config=TINY)
    assert not torch.equal(
        biased.draw(biased.embed(["a red circle"]), noise, steps=2), first.draw(said, noise, steps=2)
    )


def test_every_word_of_a_caption_is_known_to_the_painter():
    world = questions()
    sample = world.sample(300, seed=0)
    for style in ("plain", "varied", "unseen"):
        assert {word for text in world.captions(sample, style=style, about=ABOUT) for word in text.split()} <= set(
            WORDS
        )


def test_readers_of_two_seeds_learn_from_other_pictures():
    one, two = (train_reader(seed, updates=2) for seed in (0, 1))
    assert one.fingerprint != two.fingerprint
    assert train_reader(0, updates=2).fingerprint == one.fingerprint


def test_a_pixel_between_three_parts_goes_to_the_ground():
    masks = {name: np.zeros((1, 2, 2), bool) for name in ("sky", "ground", "house")}
    masks["sky"][0, 0] = True
    found = whole(masks)
    assert (sum(mask.astype(int) for mask in found.values()) == 1).all()
    assert found["ground"][0, 1].all()
