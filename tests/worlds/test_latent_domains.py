"""The latent domains against their equation written out, and what differs between domains."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds.latent_domains import LatentDomainsWorld


@pytest.mark.parametrize("shift", ["inside", "after"])
def test_the_latents_are_the_linear_system_solved_at_once(shift):
    world = LatentDomainsWorld(size=5, domains=3, intervened=(1, 3), shift=shift, world_seed=4)
    sample = world.sample(30, seed=2)
    eps = np.stack([sample.noise[name] for name in world.names], axis=1)
    for row in range(30):
        d = sample.env[row]
        solve = np.linalg.inv(np.eye(5) - world._a[d])
        z = (eps[row] + world._shifts[d]) @ solve if shift == "inside" else eps[row] @ solve + world._shifts[d]
        assert np.allclose(sample.matrix()[row], z)


def test_exactly_the_mechanisms_in_i_differ_when_the_shift_stands_inside():
    world = LatentDomainsWorld(size=5, domains=2, intervened=(1, 2))
    parents = {f"z{i + 1}": np.array([0.3, 0.3]) * i for i in range(5)}
    differs = []
    for i in range(5):
        given = {name: parents[name] for name in world.graph.parents(f"z{i + 1}")}
        a, b = world.mechanism(f"z{i + 1}", given, np.zeros(2), np.array([0, 1]))
        differs.append(a != b)
    assert differs == [False, True, True, False, False]
    assert world.changes == {"d1": ("z2", "z3")}
    assert LatentDomainsWorld(size=5, intervened=(1, 2), shift="after").changes["d1"] == ("z2", "z3", "z4", "z5")


def test_what_is_seen_is_an_invertible_function_of_the_latents():
    world = LatentDomainsWorld(size=4, domains=2, intervened=(3,))
    sample = world.sample(50)
    y = world.render(sample) @ np.linalg.inv(world._mixing) * world._scale
    assert np.allclose(np.where(y < 0, 2 * y, y), sample.matrix())
    assert abs(np.linalg.det(world._mixing)) == pytest.approx(1)


def test_a_domain_counterfactual_there_and_back_is_the_fact():
    world = LatentDomainsWorld(form="nonlinear")
    fact = world.sample(20, env="d1")
    there = world.counterfactual(fact, env="d2")
    assert np.array_equal(world.counterfactual(there, env="d1").matrix(), fact.matrix())
    assert not np.allclose(there.matrix(), fact.matrix())
    assert np.array_equal(there["z4"], fact["z4"])


@pytest.mark.parametrize(
    "wrong", [{"size": 1}, {"intervened": ()}, {"intervened": (6,)}, {"form": "cubic"}, {"shift": "before"}]
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(OptionError):
        LatentDomainsWorld(**wrong)
