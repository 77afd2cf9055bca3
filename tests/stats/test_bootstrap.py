import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.graph import Graph
from aitia.stats.bootstrap import EdgeFrequencies, bootstrap_graphs, half


def test_shares_by_hand():
    graphs = [Graph("x -> y -> z"), Graph("y -> x; z"), Graph("x --- y; z"), Graph((), ["x", "y", "z"])]
    found = EdgeFrequencies.of([g.reorder(["x", "y", "z"]) for g in graphs])
    assert found.share("y", "x") == 0.75
    assert (found.directed("x", "y"), found.directed("y", "x")) == (0.25, 0.25)
    rows = found.rows()
    assert [(r["left"], r["right"], r["adjacent"], r["undirected"]) for r in rows] == [
        ("x", "y", 0.75, 0.25),
        ("y", "z", 0.25, 0.0),
    ]
    assert found.rows(0.5) == rows[:1]
    with pytest.raises(UnknownVariableError):
        found.share("x", "w")
    with pytest.raises(OptionError):
        EdgeFrequencies.of([])


def over(pairs):
    """Frequencies over graphs of x and y: of each text so many."""
    graphs = [Graph(text, ["x", "y"]) for text, many in pairs.items() for _ in range(many)]
    return EdgeFrequencies.of(graphs)


def test_what_a_pair_has_is_told_from_either_end_and_sums_to_one():
    found = over({"x -> y": 1, "y -> x": 1, "x --- y": 1, "": 1})
    assert found.shares("x", "y") == {
        "adjacent": 0.75, "forwards": 0.25, "backwards": 0.25, "undirected": 0.25, "absent": 0.25
    }  # fmt: skip
    found = over({"x -> y": 1, "x <-> y": 2, "x o-> y": 3, "y o-> x": 1, "x o-o y": 1, "": 2})
    assert found.shares("x", "y") == {
        "adjacent": 0.8, "forwards": 0.1, "backwards": 0.0, "undirected": 0.0, "bidirected": 0.2, "open_forwards": 0.3,
        "open_backwards": 0.1, "open": 0.1, "absent": 0.2
    }  # fmt: skip
    swapped = found.shares("y", "x")
    assert (swapped["backwards"], swapped["open_backwards"], swapped["open_forwards"]) == (0.1, 0.3, 0.1)
    assert sum(swapped.values()) - swapped["adjacent"] == pytest.approx(1)
    selected = over({"x --o y": 1, "x o-- y": 3}).shares("x", "y")
    assert (selected["tail_left"], selected["tail_right"]) == (0.25, 0.75)


def test_in_a_pag_each_head_and_each_tail_is_looked_at():
    found = over({"x -> y": 20, "x <-> y": 15, "x o-> y": 40, "x o-o y": 5, "": 20})
    (circle,), (arrow,), (both,), (back,) = (Graph(text).edges for text in ("x o-> y", "x -> y", "x <-> y", "y o-> x"))
    assert found.ends("x", "y") == (0.75, 0.0)
    assert found.ends("y", "x") == (0.15, 0.2)
    assert (found.drawn(circle), found.drawn(arrow), found.drawn(both), found.drawn(back)) == (0.75, 0.2, 0.15, 0.15)
    assert found.drawn(Graph("x o-o y").edges[0]) == 0.8
    assert found.told(circle) == (
        "Of 100 resamples 80% join the two: at y 75% have a head, 0% a tail; at x 15% have a head, 20% a tail, the "
        "others a circle."
    )
    assert found.doubt(circle) is None
    assert found.doubt(arrow) == "Not sure of its mark at x: only 20% of the resamples have a tail there."
    assert found.doubt(both) == "Not sure of its mark at x: 20% of the resamples have a tail there, 15% a head."
    assert over({"x o-> y": 45, "": 55}).doubt(circle) == "Not sure: only 45% of the resamples join the two."


def test_an_edge_is_not_sure_where_few_graphs_join_the_two_or_more_turn_it_round_than_have_it():
    def of(forwards, backwards, open_, none):
        graphs = [Graph("x -> y")] * forwards + [Graph("x <- y")] * backwards + [Graph("x --- y")] * open_
        return EdgeFrequencies.of([g.reorder(["x", "y"]) for g in graphs] + [Graph((), ["x", "y"])] * none)

    (arrow,), (line,) = Graph("x -> y").edges, Graph("x --- y").edges
    assert of(50, 10, 20, 20).doubt(arrow) is None
    assert of(24, 64, 12, 0).doubt(arrow) == (
        "Not sure of its direction: 64% of the resamples point the other way, 24% this way."
    )
    assert of(24, 10, 66, 0).doubt(arrow) == "Not sure of its direction: only 24% of the resamples point this way."
    assert of(25, 25, 50, 0).doubt(arrow) is None
    assert of(45, 0, 0, 55).doubt(arrow) == "Not sure: only 45% of the resamples join the two."
    assert of(40, 40, 0, 20).doubt(line) is None
    assert of(24, 64, 8, 4).told(arrow) == (
        "Of 100 resamples 96% join the two: 24% point this way, 64% the other way, 8% leave it open."
    )
    assert of(24, 64, 8, 4).told(line) == (
        "Of 100 resamples 96% join the two: 24% point to y, 64% to x, 8% leave it open."
    )


@given(n=st.integers(2, 200), domains=st.integers(1, 8), seed=st.integers(0, 99))
@settings(deadline=None)
def test_both_halves_of_a_pair_halve_every_domain(n, domains, seed):
    strata = np.random.default_rng(seed).integers(0, domains, n).astype(float)
    mask = half(n, seed, 3, strata)
    assert (mask == half(n, seed, 3, strata)).all()
    assert abs(2 * mask.sum() - n) <= 1
    for k in range(domains):
        there = strata == k
        assert abs(2 * (mask & there).sum() - there.sum()) <= 1


def test_halves_differ_from_pair_to_pair_and_from_attempt_to_attempt():
    drawn = [half(60, 0, 0), half(60, 0, 1), half(60, 1, 0), half(60, 0, 0, attempt=1)]
    assert len({mask.tobytes() for mask in drawn}) == 4


class Searches:
    """Finds x --> y where row 0 is in the half, and cannot search a half without row 1."""

    def __call__(self, rows):
        if not rows[1]:
            raise DataError("two columns agree")
        return Graph("x -> y" if rows[0] else (), ["x", "y"])


def test_a_half_that_cannot_be_searched_is_drawn_again_and_the_others_are_pairs():
    found = bootstrap_graphs(Searches(), ["x", "y"], 40, 60)
    assert found.graphs == 60
    # Row 0 is in a half with row 1 in 19 of 39 draws; by hand .487, and four standard errors of 60 draws are .26.
    assert abs(found.directed("x", "y") - 19 / 39) < 0.26


def test_a_bootstrap_that_was_stopped_goes_on_and_takes_as_many_samples_as_asked():
    store = {}
    whole = bootstrap_graphs(Searches(), ["x", "y"], 40, 7, together=2, store=store)
    assert sorted(store) == ["bootstrap 0-3", "bootstrap 4-6"]
    del store["bootstrap 4-6"]
    assert bootstrap_graphs(Searches(), ["x", "y"], 40, 7, together=2, store=store) == whole
    assert bootstrap_graphs(Searches(), ["x", "y"], 40, 7, together=3) == whole


def test_no_sample_is_refused():
    with pytest.raises(OptionError, match="at least one sample"):
        bootstrap_graphs(Searches(), ["x", "y"], 40, 0)
