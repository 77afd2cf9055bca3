import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds import ShapesWorld


def test_the_patch_goes_with_the_first_shape_as_the_environment_says():
    world = ShapesWorld()
    for env, first, others in (("train", 0.95, 0.05), ("balanced", 0.5, 0.5), ("reversed", 0.05, 0.95)):
        sample = world.sample(8000, env=env)
        present, own = sample["patch"] == 1, sample["shape"] == 0
        assert present[own].mean() == pytest.approx(first, abs=0.03)
        assert present[~own].mean() == pytest.approx(others, abs=0.02)
        assert np.bincount(sample["shape"].astype(int)).min() > 1800


def test_taking_the_patch_away_changes_the_corner_alone():
    world = ShapesWorld()
    fact = world.sample(50, env="train", do="do(patch=present)")
    before, after = world.render(fact), world.render(world.counterfactual(fact, "do(patch=absent)"))
    changed = (before != after).any(axis=(0, 3))
    assert changed[:3, :3].all()
    assert not changed[5:].any()
    assert not changed[:, 5:].any()


def test_pictures_are_grey_of_any_size_and_shapes_differ():
    world = ShapesWorld(grain=0.0)
    fact = world.sample(1, do="do(size=0.5, x=0, y=0, patch=absent)")
    seen = [world.render(world.counterfactual(fact, {"shape": s}), size=32) for s in world.latent("shape").labels]
    assert all((image[..., 0] == image[..., 2]).all() for image in seen)
    assert len({image.tobytes() for image in seen}) == 4
    assert world.render(fact).shape == (1, 16, 16, 3)


def test_numbers_out_of_range_are_refused():
    for name, value in (("strength", 0.3), ("grain", 2.0), ("patch", 0.0)):
        with pytest.raises(OptionError, match=name):
            ShapesWorld(**{name: value})
