"""Every world, in one loop: the laws of `do`, of counterfactuals and of rendering."""

import json

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


SMALLER = {"CalciumWorld": {"units": 8, "members": 2, "phase_frames": 30}}
"""Where the world as it comes would take minutes."""


@pytest.fixture(params=MADE, ids=lambda value: value.__name__, scope="module")
def world(request):
    return request.param(**SMALLER.get(request.param.__name__, {}))


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
    if any(latent.varies for latent in world.latents):
        pytest.skip("a table has one number a row")
    sample = world.sample(10)
    table = sample.table(noise=True)
    back = world.counterfactual(table)
    for name in world.names:
        assert np.array_equal(back.column(name), table.column(name))


def test_a_pair_is_a_row_before_and_after_one_intervention(world):
    pairs = world.pairs("intervention", 30, seed=2)
    assert len(pairs) == 30
    assert len(set(pairs.target)) > 1
    for name in set(pairs.target):
        rows = np.flatnonzero(pairs.target == name)
        before, after, latent = pairs.first.take(rows), pairs.second.take(rows), world.latent(name)
        still = set(world.names) - set(world.graph.descendants(name)) - {name}
        assert all(np.array_equal(before[other], after[other]) for other in still)
        assert (latent.low <= after[name]).all()
        assert (after[name] <= latent.high).all()
        value = after[name][0] if after[name].ndim == 1 else after[name][0, 0]
        held = latent.labels[int(value)] if latent.labels else float(value)
        again = world.counterfactual(before.take([0]), {name: held})
        assert all(np.allclose(again[other], after.take([0])[other]) for other in world.names)
    same, other = world.pairs("intervention", 30, seed=2), world.pairs("intervention", 30, seed=3)
    assert np.array_equal(same.second.matrix(), pairs.second.matrix())
    assert not np.array_equal(other.second.matrix(), pairs.second.matrix())


def test_targets_of_pairs_can_be_chosen(world):
    name = world.names[-1]
    assert set(world.pairs("intervention", 5, targets=[name]).target) == {name}
    with pytest.raises(UnknownVariableError):
        world.pairs("intervention", 5, targets=["no such latent"])
    with pytest.raises(OptionError, match="at least one target"):
        world.pairs("intervention", 5, targets=[])
    with pytest.raises(OptionError, match="the kind of pairs is one of intervention, views, got 'twins'"):
        world.pairs("twins", 5)


def test_pairs_of_views_show_the_same_rows(world):
    if len(world.views) < 2:
        with pytest.raises(OptionError, match="pairs of views need a world with several views"):
            world.pairs("views", 5)
        return
    with pytest.raises(OptionError, match="pairs of views have no targets"):
        world.pairs("views", 5, targets=[world.names[0]])
    pairs = world.pairs("views", 20, seed=1)
    assert pairs.first is pairs.second
    assert (pairs.views[:, 0] != pairs.views[:, 1]).all()
    assert set(pairs.views.ravel()) == set(world.views)
    one, other = pairs.render(size=16)
    for row in range(3):
        sample = pairs.first.take([row])
        assert np.array_equal(one[row], world.render(sample, size=16, view=str(pairs.views[row, 0]))[0])
        assert np.array_equal(other[row], world.render(sample, size=16, view=str(pairs.views[row, 1]))[0])


def test_the_manifest_is_json_and_says_what_is_true(world):
    said = json.loads(json.dumps(world.manifest()))
    assert {tuple(edge) for edge in said["graph"]["edges"]} == {(e.left, e.right) for e in world.graph.edges}
    assert set(said["noise"]) == set(world.names)
    assert said["environments"] == list(world.environments)
    assert said["views"] == list(world.views)
    assert any("several views" in sentence for sentence in said["assumptions"]) == (len(world.views) > 1)


def test_unknown_names_are_refused(world):
    with pytest.raises(UnknownVariableError):
        world.sample(2, do={"no such latent": 1.0})
    with pytest.raises(OptionError, match="no environment 'nowhere'"):
        world.sample(2, env="nowhere")
    with pytest.raises(OptionError, match="at least 1"):
        world.sample(0)
    with pytest.raises((InterventionError, UnknownVariableError)):
        world.sample(2, do="do(=1)")
