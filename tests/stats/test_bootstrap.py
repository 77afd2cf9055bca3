import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import OptionError, UnknownVariableError
from aitia.graph import Graph
from aitia.stats.bootstrap import EdgeFrequencies, bootstrap_graphs, resampled


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


def test_rows_are_drawn_with_replacement_the_same_for_the_same_number():
    table = Table.of({"x": np.arange(50.0), "t": np.arange(50.0)})
    a, b = resampled(table, 0, 1), resampled(table, 0, 2)
    assert a == resampled(table, 0, 1)
    assert a != b
    assert len(np.unique(a.column("x"))) < 50
    assert (np.diff(resampled(table, 0, 1, "t").column("t")) >= 0).all()


def test_every_domain_keeps_its_number_of_rows():
    table = Table.of({"x": np.arange(60.0), "site": ["a"] * 10 + ["b"] * 50})
    again = resampled(table, 0, 0, "site")
    assert list(np.bincount(again.column("site").astype(int))) == [10, 50]
    assert again.column("x")[:10].max() < 10


def test_no_sample_is_refused():
    with pytest.raises(OptionError, match="at least one sample"):
        bootstrap_graphs(lambda k: [], ["x"], 0)
