"""Parts of a scene alone, where each is seen, and what is said of a picture."""

from dataclasses import replace

import numpy as np
import pytest

from aitia.errors import OptionError, UnknownVariableError
from aitia.worlds import (
    FallWorld,
    FigureWorld,
    FlowWorld,
    PendulumWorld,
    QuestionsWorld,
    RefractionWorld,
    SlopeWorld,
    SpringWorld,
)
from aitia.worlds.canvas import Canvas
from aitia.worlds.static_scenes import in_parts

SIMPLE = [PendulumWorld(), FlowWorld(), FigureWorld(), FallWorld(), SlopeWorld(), SpringWorld(), RefractionWorld()]
COMPLEX = [kind("complex") for kind in (FigureWorld, FallWorld, SlopeWorld, SpringWorld, RefractionWorld)]


@pytest.fixture(params=[*SIMPLE, *COMPLEX], ids=lambda world: f"{world.name}-{world.form}", scope="module")
def world(request):
    return request.param


def moved(world, sample, names):
    """The rows with these latents elsewhere in their range, and nothing else."""
    other = {name: sample[name][::-1] for name in names}
    return replace(sample, latents={**sample.latents, **other})


# -- parts alone ------------------------------------------------------------------------------------------------------


def test_all_latents_together_are_the_picture(world):
    sample = world.sample(8, seed=1)
    assert np.array_equal(world.render(sample, size=32, only=world.names), world.render(sample, size=32))


def test_nothing_is_seen_of_what_is_not_named(world):
    sample = world.sample(12, seed=2)
    for name in world.names:
        others = [other for other in world.names if other != name]
        alone = world.render(sample, size=32, only=[name])
        assert np.array_equal(alone, world.render(moved(world, sample, others), size=32, only=[name])), name
        assert not np.array_equal(alone, world.render(moved(world, sample, [name]), size=32, only=[name])), name


def test_effects_are_left_out_of_a_picture_of_causes():
    # By hand: a pendulum without its shadow is the scene with a shadow of no length, which has no pixels.
    world = PendulumWorld()
    sample = world.sample(6, seed=3)
    causes = world.render(sample, only=("light", "angle"))
    none = replace(sample, latents={**sample.latents, "shadow_length": np.zeros(6)})
    assert np.array_equal(causes, world.render(none))
    assert not np.array_equal(causes, world.render(sample))


def test_an_unknown_latent_is_refused():
    with pytest.raises(UnknownVariableError, match="light"):
        PendulumWorld().render(PendulumWorld().sample(2), only=["lihgt"])


class Whole(PendulumWorld):
    """Painted on a plain canvas."""

    def paint(self, z, size):
        return Canvas(len(z["light"]), size)


def test_a_world_without_parts_says_which_have_them():
    for ask in (lambda: Whole().render(Whole().sample(2), only=["light"]), lambda: in_parts(QuestionsWorld())):
        with pytest.raises(OptionError, match="pendulum, flow, figure, fall, slope, spring and refraction are painted"):
            ask()
    for each in SIMPLE:
        assert in_parts(each) is each


# -- segments ---------------------------------------------------------------------------------------------------------


def test_a_part_is_seen_where_the_picture_without_it_differs(world):
    sample = world.sample(6, seed=4)
    whole, found = world.layers(sample.latents, 48).image().astype(int), 0
    for part, mask in world.segments(sample, size=48).items():
        layers = world.layers(sample.latents, 48)
        without = layers._with([k for k, of in enumerate(layers._of) if of != part])
        without._top, without._bottom = layers._top, layers._bottom
        off = abs(whole - without.image()).max(axis=-1)
        assert (off <= layers.seen(part).image()[..., 0].astype(int) + 2).all(), part  # rounded twice
        assert (off[mask] > 0).sum() >= 0.99 * mask.sum(), part
        found += mask.any()
    assert found >= 3


def test_a_pixel_belongs_to_one_part_at_most(world):
    masks = np.stack(list(world.segments(world.sample(6, seed=5), size=33).values()))
    assert masks.sum(axis=0).max() <= 1 or (masks.sum(axis=0) > 1).mean() < 1e-3  # halves


def test_segments_follow_the_view():
    world = PendulumWorld()
    sample = world.sample(3)
    front, back = (world.segments(sample, size=32, view=view)["sun"] for view in (None, "back"))
    assert front.any()
    assert not np.array_equal(front, back)
    assert abs(int(front.sum()) - int(back.sum())) < 0.5 * front.sum()


# -- captions ---------------------------------------------------------------------------------------------------------


def test_every_latent_is_told_and_only_what_changed_is_told_otherwise(world):
    sample = world.sample(40, seed=6)
    for style in ("plain", "varied", "unseen"):
        before = [set(text.split(", ")) for text in world.captions(sample, style=style)]
        assert all(len(parts) == len(world.names) for parts in before)
        for latent in world.latents:
            end = latent.labels[-1] if latent.labels else latent.high
            after = world.captions(world.counterfactual(sample, {latent.name: end}), style=style)
            below = len({latent.name, *world.graph.descendants([latent.name])})
            assert all(len(old - set(new.split(", "))) <= below for old, new in zip(before, after, strict=True))


def test_levels_go_up_with_the_value():
    world = PendulumWorld()
    lights = [-9.0, -0.6, -0.3, 0.0, 0.3, 0.6, 9.0]
    said = [world.captions(world.sample(1, do={"light": value}), about=["light"])[0] for value in lights]
    stands = "the sun stands "
    assert said == [stands + level for level in ("far to the left", "far to the left", "to the left", "straight above",
                                                 "to the right", "far to the right", "far to the right")]  # fmt: skip


def test_unseen_wordings_never_occur_among_the_varied(world):
    sample = world.sample(200, seed=7)
    for name in world.names:
        varied, unseen = (set(world.captions(sample, style=style, about=[name])) for style in ("varied", "unseen"))
        assert not varied & unseen, name


def test_captions_ask_for_what_they_can_tell():
    world = PendulumWorld()
    sample = world.sample(2)
    with pytest.raises(OptionError, match="the style of captions is one of plain, varied, unseen, got 'loud'"):
        world.captions(sample, style="loud")
    with pytest.raises(UnknownVariableError, match="angel"):
        world.captions(sample, about=["angel"])
    with pytest.raises(OptionError, match="tells of one latent at least"):
        world.captions(sample, about=[])
