"""Every world, in one loop: the laws of `do`, of counterfactuals and of rendering."""

import numpy as np
import pytest

from aitia import worlds
from aitia.errors import InterventionError, OptionError, UnknownVariableError
from aitia.worlds import World

CONTRACT = sorted(
    (value for value in vars(worlds).values() if isinstance(value, type) and issubclass(value, World)),
    key=lambda value: value.__name__,
)
MADE = [value for value in CONTRACT if not getattr(value, "__abstractmethods__", ())]


@pytest.fixture(params=MADE, ids=lambda value: value.__name__, scope="module")
def world(request):
    return request.param()


def test_every_world_of_the_package_is_in_the_loop():
    assert len(MADE) >= 10


def test_the_laws_hold(world):
    table = world.check(n=120)
    assert table.holds, str(table)


def test_the_graph_is_a_dag_over_the_latents(world):
    assert set(world.graph.nodes) == set(world.names)
    assert len(world.graph.topological_order()) == len(world.names)


def test_a_latent_answers_to_its_parents_and_environment_alone(world):
    """Another seed for one latent's noise moves only the latent and its descendants."""
    sample = world.sample(20, seed=1)
    for name in world.names:
        noise = dict(sample.noise) | {name: world.draw(name, 20, np.random.default_rng(99))}
        moved = world._solve(noise, sample.env, {})
        still = set(world.names) - set(world.graph.descendants([name])) - {name}
        assert all(np.array_equal(moved[other], sample[other]) for other in still), name


def test_what_differs_between_environments_is_what_is_said(world):
    if len(world.environments) < 2:
        pytest.skip("one environment")
    first = world.sample(40, env=world.environments[0])
    for label in world.environments[1:]:
        other = world.counterfactual(first, env=label)
        reach = set(world.changes[label]) | set(world.graph.descendants(list(world.changes[label])))
        assert all(np.array_equal(first[name], other[name]) for name in set(world.names) - reach)
        assert any(not np.array_equal(first[name], other[name]) for name in world.changes[label])


def test_what_is_seen_has_the_shape_of_its_kind(world):
    seen = world.render(world.sample(3), size=16)
    assert len(seen) == 3
    if world.seen in ("image", "video"):
        assert seen.dtype == np.uint8
        assert seen.shape[-3:] == (16, 16, 3)
        assert seen.ndim == (5 if world.seen == "video" else 4)
    elif world.seen == "tracks":
        assert seen.shape[-1] == 2
        assert seen.ndim == 4


def test_a_table_with_noise_can_be_given_back(world):
    if world.frames > 1:
        pytest.skip("a table has one number a row")
    sample = world.sample(10)
    table = sample.table(noise=True)
    back = world.counterfactual(table)
    for name in world.names:
        assert np.array_equal(back.column(name), table.column(name))


def test_unknown_names_are_refused(world):
    with pytest.raises(UnknownVariableError):
        world.sample(2, do={"no such latent": 1.0})
    with pytest.raises(OptionError, match="no environment 'nowhere'"):
        world.sample(2, env="nowhere")
    with pytest.raises(OptionError, match="at least 1"):
        world.sample(0)
    with pytest.raises((InterventionError, UnknownVariableError)):
        world.sample(2, do="do(=1)")
