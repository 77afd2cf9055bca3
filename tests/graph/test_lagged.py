import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import GraphError, OptionError
from aitia.graph import Graph, is_stationary, lag_of, lagged_effects, lagged_name, summary, unroll, variable_of


@given(st.text(min_size=1, max_size=8), st.integers(0, 50))
def test_names_come_apart_as_they_were_put_together(name, lag):
    full = lagged_name(name, lag)
    assert (variable_of(full), lag_of(full)) == (name, lag)


def test_a_template_unrolls_to_every_time_and_its_effects_read_back():
    template = Graph("x[t-1] -> x[t]; x[t-2] -> y[t]; x[t] -> y[t]; z[t]")
    window = unroll(template, 4)
    assert len(window) == 12
    assert len(window.edges) == 3 + 2 + 4
    assert is_stationary(window)
    assert lagged_effects(window) == lagged_effects(template) == {("x", "x"): (1,), ("x", "y"): (0, 2)}
    assert unroll(window, 4) == window
    assert str(summary(template)) == "x --> y; z"
    assert window.is_acyclic


def test_a_window_with_one_edge_missing_is_not_stationary():
    window = unroll(Graph("x[t-1] -> y[t]; x[t]"), 3)
    assert is_stationary(window)
    assert not is_stationary(window.without_edges([("x[t-1]", "y[t]")]))


def test_feedback_at_different_lags_has_no_summary_of_one_edge():
    with pytest.raises(GraphError, match="lagged_effects"):
        summary(Graph("x[t-1] -> y[t]; y[t-1] -> x[t]"))


def test_a_cause_and_a_hidden_cause_at_different_lags_or_the_same_are_both_in_the_summary():
    template = Graph("x[t-1] -> y[t]; x[t] <-> y[t]; x[t-1] <-> y[t]; y[t-1] -> y[t]")
    assert summary(template) == Graph("x -> y; x <-> y")
    window = unroll(template, 3)
    assert is_stationary(window)
    assert window.bows == (("x[t-2]", "y[t-1]"), ("x[t-1]", "y[t]"))
    assert summary(window) == summary(template)
    assert lagged_effects(template) == {("x", "y"): (1,), ("y", "y"): (1,)}
    assert not is_stationary(window.with_edges("x[t-1] -> y[t]"))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: unroll(Graph("x -> y"), 2), "is not a node of a time-lagged graph"),
        (lambda: is_stationary(Graph("x[t] -> y[t-1]")), "points into the past"),
        (lambda: unroll(Graph("x[t-1] -> x[t]; x[t-2] -> x[t-1]; x[t-3] -> y[t-2]; y[t]"), 2), "not stationary"),
    ],
)
def test_graphs_without_sense_in_time_are_refused(make, sentence):
    with pytest.raises(GraphError, match=sentence):
        make()


def test_lags_and_steps_below_their_least_are_refused():
    with pytest.raises(OptionError):
        lagged_name("x", -1)
    with pytest.raises(OptionError):
        unroll(Graph("x[t-1] -> x[t]"), 0)
