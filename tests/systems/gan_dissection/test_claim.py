"""The claim at a tiny size: every row has its arms, the control its metric, and the judge is never the chooser."""

import numpy as np
import pytest
import torch

from aitia.evidence import ClaimContext
from aitia.evidence.pictures import whole
from aitia.nn.gan import Generator
from aitia.nn.segmenters import SmallSegmenter
from aitia.systems.gan_dissection import claim
from aitia.systems.gan_dissection.config import GanDissectionConfig
from aitia.systems.gan_dissection.generators import ImageGenerator
from aitia.worlds import TownWorld


def town_segmenter(seed):
    world = TownWorld(marked=0.5)
    sample = world.sample(40, seed=seed)
    masks = whole(world.segments(sample, size=16))
    return SmallSegmenter(sorted(masks), width=4, updates=3, batch=8, seed=seed).fit(
        world.render(sample, size=16), masks
    )


@pytest.fixture
def tiny(monkeypatch):
    for name, value in {"CHOOSING": 12, "SCORING": 6, "THUMBNAILS": 60, "CHANCE": 2, "ALIKE": 2, "INSERTED": 1}.items():
        monkeypatch.setattr(claim, name, value)
    monkeypatch.setattr(claim, "CONFIG", GanDissectionConfig(units=2, samples=12, updates=2))
    monkeypatch.setattr(claim, "LAYER", "blocks.0")
    monkeypatch.setattr(claim, "AFTER", 0)
    torch.manual_seed(0)
    generator = ImageGenerator(Generator(3, (8, 8)).eval())
    pair = town_segmenter(0), town_segmenter(1)
    monkeypatch.setattr(claim, "_generator", lambda seed: generator)
    monkeypatch.setattr(claim, "_segmenters", lambda: pair)
    return pair


def test_every_row_has_its_arms_and_the_control_its_metric(tiny):
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == [*"aaabbbccccdeefffggg", "h"]
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows[:-1])
    assert claim.CLAIM.swap in rows[0].arms
    assert set(context.controls[0].values) <= {row.metric for row in rows}
    assert all(one.fingerprint[:12] in rows[0].note for one in tiny)
    assert rows[-1].note.startswith("Not run here: needs")
    assert not rows[-1].values


def test_the_two_segmenters_learn_from_other_pictures_and_differ(tiny):
    assert tiny[0].fingerprint != tiny[1].fingerprint


def test_all_units_are_the_largest_set_and_the_control_sees_other_pictures(tiny):
    study, tails = claim._study(0, tiny[0]), claim._tails(claim._generator(0), 6, 0)
    found = claim._arms(study, tails, tiny[1], "sky", 0)
    assert set(found) >= {"sky", f"sky, {claim.ALL}", f"sky, {claim.RANDOM}", "sky, others"}
    rolled = claim._Rolled(tiny[0])
    x = tails[0].pictures
    assert np.array_equal(rolled.probabilities(x)[1:].detach(), tiny[0].probabilities(x)[:-1].detach())


def test_a_planted_square_is_drawn_by_its_units_and_by_nothing_else():
    from aitia.systems.gan_dissection.planting import Planted
    from aitia.systems.gan_dissection.tail import Change, Tail

    torch.manual_seed(0)
    generator = ImageGenerator(Planted(Generator(4, (8, 8)).eval(), 0, (2, 5), share=0.5, seed=3))
    z = generator.noise(40, 0)
    tail = Tail(generator, "units", z)
    there = (z @ generator.model.direction) > 0
    corner = tail.pictures[:, :, 12:, 12:]
    magenta = torch.tensor([0.9, -0.9, 0.7])[None, :, None, None]
    assert torch.allclose(corner[there], magenta.expand_as(corner[there]), atol=1e-5)
    assert not torch.isclose(corner[~there], magenta.expand_as(corner[~there]), atol=1e-2).all(dim=1).any()
    without, one, chance = tail.changed([Change((2, 5)), Change((2,)), Change((0, 1))])
    assert torch.equal(without[~there], tail.pictures[~there])
    assert torch.allclose(without[:, :, :12, :], tail.pictures[:, :, :12, :], atol=1e-6)
    assert not torch.isclose(without[there][:, :, 12:, 12:], magenta.expand_as(corner[there]), atol=1e-2).all()
    half = (without + tail.pictures) / 2
    assert torch.allclose(one[there][:, :, 12:, 12:], half[there][:, :, 12:, 12:], atol=1e-5)
    assert torch.allclose(chance[there][:, :, 12:, 12:], corner[there], atol=1e-6)
