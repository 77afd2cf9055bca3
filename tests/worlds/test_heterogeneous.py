"""The worlds are what they say: their truth can be read off large samples."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds import ChainWorld, DriftWorld, HeterogeneousWorld, PairWorld


@pytest.mark.parametrize(
    "world", [HeterogeneousWorld(world_seed=3), PairWorld(), PairWorld(domains=0), ChainWorld(), DriftWorld()]
)
def test_a_seed_draws_the_same_rows_and_another_seed_others(world):
    a, b, c = world.sample(200, seed=1), world.sample(200, seed=1), world.sample(200, seed=2)
    assert a == b
    assert a != c
    assert a.n == 200
    assert world.context in a.names
    assert set(world.changing) <= set(world.graph.nodes) <= set(a.names)


def test_only_changing_variables_differ_between_domains_given_their_parents():
    world = HeterogeneousWorld(world_seed=1, domains=4)
    table = world.sample(40_000, seed=0)
    for name in world.graph.nodes:
        if world.graph.parents(name):
            continue
        means = [table.column(name)[table.column("domain") == d].mean() for d in range(4)]
        moved = np.ptp(means) > 0.1
        assert moved == (name in world.changing)


def test_names_do_not_give_the_order_away():
    first = sum(HeterogeneousWorld(world_seed=s).graph.topological_order()[0] == "x1" for s in range(60))
    assert first < 30
    causes = [PairWorld(world_seed=s).graph.parents("y") == ("x",) for s in range(60)]
    assert 15 < sum(causes) < 45


def test_the_chain_obeys_its_equations():
    world = ChainWorld()
    table = world.sample(3000, seed=0)
    t = table.column("time")
    left = table.column("x2") - 0.8 * table.column("x1") - world.force("x2", t)
    assert left.std() == pytest.approx(0.5, abs=0.03)
    assert abs(np.corrcoef(left, table.column("x1"))[0, 1]) < 0.06
    assert not world.force("x3", t).any()


def test_drifting_variables_are_correlated_only_through_time():
    seeds = range(20)
    marginal = [abs(np.corrcoef(DriftWorld(s).sample(500).matrix(["x", "y"]).T)[0, 1]) for s in seeds]
    assert max(marginal) > 0.3


def test_impossible_worlds_are_refused():
    for make in (
        lambda: HeterogeneousWorld(variables=1),
        lambda: HeterogeneousWorld(change=1.5),
        lambda: HeterogeneousWorld(degree=9.0),
        lambda: PairWorld(domains=-1),
        lambda: HeterogeneousWorld().sample(5),
    ):
        with pytest.raises(OptionError):
            make()
