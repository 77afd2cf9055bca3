"""Generators: a small one learns, and those of others are called in their own way or refused in a sentence."""

import numpy as np
import pytest
import torch
from tests import trained
from torch import nn

from aitia.data.subjects import Network
from aitia.errors import DataError, FormatError, OptionError
from aitia.nn.gan import SmallGan
from aitia.nn.pixels import from_bytes
from aitia.nn.segmenters import masks_of, unsure
from aitia.nn.sites import intervene, random_units, record
from aitia.stats.metrics import frechet_distance
from aitia.systems.gan_dissection.generators import ImageGenerator, load_generator, open_generator
from aitia.worlds import TownWorld


class StyleGan(nn.Module):
    """Called as StyleGAN 2 is: mapping, then synthesis with modulated convolutions and noise."""

    def __init__(self):
        super().__init__()
        self.z_dim, self.c_dim, self.img_resolution = 6, 0, 8
        self.mapping, self.synthesis = Mapping(), Synthesis()

    def forward(self, z, c, truncation_psi=1, noise_mode="random"):
        return self.synthesis(self.mapping(z, c, truncation_psi=truncation_psi), noise_mode=noise_mode)


class Mapping(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, z, c, truncation_psi=1):
        return truncation_psi * self.fc(z)[:, None].expand(-1, 2, -1)


class Synthesis(nn.Module):
    def __init__(self):
        super().__init__()
        self.const = nn.Parameter(torch.randn(5, 8, 8))
        self.b8 = nn.Conv2d(5, 7, 3, padding=1)
        self.style = nn.Linear(6, 5)
        self.rgb = nn.Conv2d(7, 3, 1)

    def forward(self, ws, noise_mode="random"):
        x = self.const * self.style(ws[:, 0])[:, :, None, None]
        x = self.b8(x)
        if noise_mode == "random":
            x = x + torch.randn_like(x)
        return self.rgb(x)


class Rosinality(nn.Module):
    def __init__(self):
        super().__init__()
        self.style_dim, self.style, self.net = 4, nn.Linear(4, 4), Plain(4)

    def mean_latent(self, n):
        return torch.zeros(1, 4)

    def forward(self, styles, randomize_noise=True, truncation=1, truncation_latent=None):
        w = self.style(styles[0])
        if truncation < 1:
            w = truncation_latent + truncation * (w - truncation_latent)
        return self.net(w) + float(randomize_noise), None


class Plain(nn.Module):
    def __init__(self, size=4, out=3):
        super().__init__()
        self.first, self.act, self.last = nn.Linear(size, 8 * 16), nn.ReLU(), nn.Conv2d(8, out, 3, padding=1)

    def forward(self, z):
        return self.last(self.act(self.first(z)).reshape(-1, 8, 4, 4))


def style_gan():
    torch.manual_seed(0)
    return StyleGan()


def test_a_stylegan_is_called_with_still_noise_and_truncated():
    made = open_generator(Network.of(f"{__name__}:style_gan"), truncation=0.5)
    z = made.noise(3, seed=1)
    with torch.no_grad():
        expected = made.model(z, None, truncation_psi=0.5, noise_mode="const")
    assert torch.equal(made.draw(z), expected)
    assert torch.equal(made.draw(z), made.draw(z))
    assert (made.latents, made.size) == (6, (8, 8))
    assert {str(site): shape for site, shape in made.layers().items()} == {"synthesis.b8": (7, 8, 8)}
    with intervene(made.model, {"synthesis.b8[unit=0+1]": 0.0}, record=["synthesis.b8"]) as run:
        changed = made.draw(z)
    assert float(run["synthesis.b8"][:, :2].abs().max()) == 0
    assert not torch.equal(changed, expected)


def test_the_translation_of_rosinality_is_called_without_noise():
    torch.manual_seed(0)
    made = ImageGenerator(Rosinality())
    z = made.noise(2, 0)
    with torch.no_grad():
        assert torch.equal(made.draw(z), made.model.net(made.model.style(z)))
    halved = ImageGenerator(made.model, truncation=0.5)
    with torch.no_grad():
        assert torch.allclose(halved.draw(z), made.model.net(0.5 * made.model.style(z)))


def test_a_dcgan_of_anybody_is_called_with_a_map_of_one_cell():
    torch.manual_seed(0)
    net = nn.Sequential(nn.ConvTranspose2d(5, 8, 4), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh())
    made = ImageGenerator(net)
    assert (made.latents, made.size) == (5, (8, 8))
    assert torch.equal(made.draw(made.noise(2, 0)), net(made.noise(2, 0)[:, :, None, None]))
    assert [str(site) for site in made.layers()] == ["0", "1"]


def test_what_is_no_generator_of_pictures_is_said():
    with pytest.raises(DataError, match=r"Plain gives \(2, 2, 4, 4\), and pictures are"):
        ImageGenerator(Plain(out=2))
    with pytest.raises(OptionError, match="how long z is"):
        ImageGenerator(nn.Identity())
    made = ImageGenerator(Plain())
    with pytest.raises(DataError, match=r"z is \(n, 4\)"):
        made.draw(torch.zeros(2, 5))


def test_pickles_are_refused_with_the_way(tmp_path):
    with pytest.raises(FormatError, match=r"is a pickle.*package\.module:function"):
        load_generator(tmp_path / "ffhq.pkl")
    with pytest.raises(FormatError, match="no folder of a SmallGan"):
        load_generator(tmp_path)


@pytest.fixture(scope="module")
def gan():
    # Pictures of one colour each, even between two: means are quickly learnt, so the test is of the code, not of art.
    shade = np.random.default_rng(0).uniform(150, 250, (200, 1, 1, 1))
    images = np.broadcast_to(shade, (200, 16, 16, 3)).astype(np.uint8)
    return SmallGan(latents=8, channels=(16, 8), updates=60, batch=16).fit(images), images


def test_the_small_gan_draws_like_what_it_saw_and_comes_back(gan, tmp_path):
    made, images = gan
    drawn = ImageGenerator(made.generator)
    x = drawn.draw(drawn.noise(64, 0))
    fresh = SmallGan(latents=8, channels=(16, 8), updates=1, batch=16).fit(images)
    mean = float(from_mean(images))
    untrained = ImageGenerator(fresh.generator)
    assert abs(float(x.mean()) - mean) < abs(float(untrained.draw(untrained.noise(64, 0)).mean()) - mean)
    assert {str(site) for site in drawn.layers()} >= {"blocks.0", "blocks.1", "blocks.1.conv"}
    made.save_pretrained(tmp_path / "gan")
    again = open_generator(Network.of(tmp_path / "gan"))
    assert torch.equal(again.draw(drawn.noise(4, 1)), drawn.draw(drawn.noise(4, 1)))
    same = SmallGan(latents=8, channels=(16, 8), updates=1, batch=16).fit(images)
    assert all(
        torch.equal(a, b) for a, b in zip(same.generator.parameters(), fresh.generator.parameters(), strict=True)
    )


def from_mean(images):
    return images.mean() / 127.5 - 1


def test_a_row_does_not_depend_on_its_neighbours(gan):
    made = ImageGenerator(gan[0].generator)
    z = made.noise(6, 3)
    assert torch.allclose(made.draw(z)[2:3], made.draw(z[2:3]), atol=1e-6)


def test_the_small_gan_refuses_other_sizes():
    with pytest.raises(DataError, match="of 32 by 32 pixels, got 100 of 16 by 16"):
        SmallGan().fit(np.zeros((100, 16, 16, 3), np.uint8))
    with pytest.raises(OptionError, match="1 or more"):
        SmallGan(channels=(8, 0))
    with pytest.raises(OptionError, match="not been fitted"):
        _ = SmallGan().generator


# -- the one that is trained for tests -------------------------------------------------------------------------------


def test_the_generator_draws_towns_and_units_of_a_layer_carry_their_things():
    segmenter, made = trained.read("segmenter"), ImageGenerator(trained.read("town_gan").generator)
    z = made.noise(128, seed=2)
    x = made.draw(z)
    masks = masks_of(segmenter, x)
    shown = {name: float((masks[name].sum((1, 2)) > 6).mean()) for name in ("house", "tree", "sun", "sky", "ground")}
    assert min(shown.values()) > 0.3, shown
    assert unsure(segmenter, x) < 0.05
    with torch.no_grad():
        maps = record(made.model, z, ["blocks.2"])["blocks.2"]
    up = torch.nn.functional.interpolate(maps, size=(32, 32), mode="bilinear")
    on = (up > up.transpose(0, 1).flatten(1).quantile(0.95, dim=1)[None, :, None, None]).numpy()
    tree = masks["tree"][:, None]
    iou = (on & tree).sum((0, 2, 3)) / (on | tree).sum((0, 2, 3))
    best = np.argsort(-iou)[:6].tolist()
    assert iou[best[0]] > 0.2

    def left(units):
        with intervene(made.model, {f"blocks.2[channel={'+'.join(map(str, units))}]": 0.0}):
            return masks_of(segmenter, made.draw(z))["tree"].sum() / masks["tree"].sum()

    assert left(best) < 0.4
    assert min(left(units) for units in random_units(best, 64, draws=4)) > 0.5


def test_what_it_draws_is_nearer_to_towns_than_noise_is_and_farther_than_towns_are():
    """By features that cannot be beaten by what a network was taught: mean colours over a grid."""
    world = TownWorld()
    true = from_bytes(world.render(world.sample(400, seed=9)))
    made = ImageGenerator(trained.read("town_gan").generator)

    def grid(x):
        return torch.nn.functional.adaptive_avg_pool2d(x, 4).flatten(1).numpy()

    floor = frechet_distance(grid(true[:200]), grid(true[200:]))
    fake = frechet_distance(grid(made.draw(made.noise(400, 0))), grid(true))
    assert floor < fake < frechet_distance(grid(torch.rand(400, 3, 32, 32) * 2 - 1), grid(true))
