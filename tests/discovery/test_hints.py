"""Arrows into columns that hardly anything causes, and a context as people write it."""

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.discovery import discover
from aitia.discovery.contexts import dated
from aitia.discovery.hints import doubted, knowledge_hint
from aitia.errors import DataError, GraphError
from aitia.graph import Graph, Knowledge
from aitia.graph._tetrad import parse_tetrad


@pytest.mark.parametrize(
    "name", ["age", "Age", "AGE", "age_at_entry", "birthYear", "year of birth", "patient sex", "Country", "region_1"]
)
def test_whole_words_at_either_end_of_a_name_count(name):
    assert doubted(Table.of({name: [1.5, 2.5]}), [name]) == (name,)


@pytest.mark.parametrize("name", ["page", "dosage", "sexton", "drinks_per_day", "income per year", "mean age gap", "x"])
def test_parts_of_words_and_rates_do_not(name):
    assert doubted(Table.of({name: [1.5, 2.5]}), [name]) == ()


def test_a_column_of_times_counts_whatever_its_name():
    table = Table.of({"admitted": np.array(["2021-01-01", "2021-02-01"], dtype="datetime64[D]"), "x": [1.5, 2.5]})
    assert doubted(table, table.names) == ("admitted",)


def test_the_hint_names_the_users_columns_in_the_form_that_knowledge_has():
    table = Table.of({"age": [1.5, 2.5], "birth year": [1.5, 2.5], "dose": [0.5, 1.5]})
    hint = knowledge_hint(Graph('dose -> age <- "birth year"; dose -> "birth year"'), table)
    assert hint == (
        'Arrows point into age, birth year. No background knowledge was given: `tier 1: age, "birth year"` '
        "forbids arrows into them (as a line of --knowledge FILE)."
    )
    said = Knowledge.from_text('tier 1: age, "birth year"')
    assert said.forbids("dose", "age")
    assert not said.forbids("age", "dose")
    assert "age" in (knowledge_hint(Graph("dose o-> age"), table) or "")
    assert knowledge_hint(Graph("age -> dose"), table) is None


def test_discover_hints_unless_something_is_known():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 400))
    rows = {"dose": x, "diet": y, "age": x + y + 0.5 * rng.normal(size=400)}
    assert any("`tier 1: age` forbids" in w for w in discover(rows, test="fisher-z", bootstrap=0).warnings)
    known = discover(rows, test="fisher-z", bootstrap=0, knowledge=Knowledge(forbidden=[("diet", "dose")]))
    assert not any("tier 1" in w for w in known.warnings)


DAYS = [18628.0, 18659.0, 18687.0]  # 2021-01-01, 2021-02-01 and 2021-03-01, as days since 1970


@pytest.mark.parametrize(
    "written",
    [
        ["2021-01-01", "2021-02-01", "2021-03-01"],
        ["01.01.2021", "01.02.2021", "01.03.2021"],
        ["1 January 2021", "1 Feb 2021", "1 Mar 2021"],
        ["Jan 2021", "Feb 2021", "Mar 2021"],
        ["2021/01/01 00:00", "2021/02/01 00:00", "2021/03/01 00:00"],
        [20210101, 20210201, 20210301],
        [202101, 202102, 202103],
        [202101.0, 202102.0, 202103.0],
    ],
)
def test_dates_in_any_common_form_are_days(written):
    table = dated(Table.of({"day": written * 5, "x": np.arange(15.0)}), "day")
    assert table.continuous("day")
    assert table.column("day").tolist() == DAYS * 5


def test_quarters_and_weeks_are_times_in_their_order():
    for written in (
        ["2020Q4", "2021Q1", "2021Q2"],
        ["Q4 2020", "Q1 2021", "Q2 2021"],
        ["2020-W52", "2021-W01", "2021-W02"],
    ):
        days = dated(Table.of({"when": written * 4, "x": np.arange(12.0)}), "when").column("when")
        assert (np.diff(days[:3]) > 0).all()


@pytest.mark.parametrize(
    "written", [["north", "south", "west"], [1.5, 2.5, 9.0], [2019, 2020, 2021], [202113, 202114, 202115]]
)
def test_what_is_no_date_stays_as_it_is(written):
    table = Table.of({"c": written * 5, "x": np.arange(15.0)})
    assert dated(table, "c") == table


def test_a_day_that_may_be_a_month_is_asked_about():
    with pytest.raises(DataError, match=r"the context 'day' holds dates such as '3/4/2021'.*write them as 2021-04-03"):
        dated(Table.of({"day": ["3/4/2021", "5/6/2021"] * 5, "x": np.arange(10.0)}), "day")


def test_dates_stay_labels_where_a_domain_is_asked_for():
    rng = np.random.default_rng(0)
    rows = {"day": ["2021-01-01", "2021-02-01"] * 40, "x": rng.normal(size=80), "y": rng.normal(size=80)}
    found = discover(rows, context="day", context_kind="domain", bootstrap=0)
    assert found.table.categories("day") == ("2021-01-01", "2021-02-01")


def test_one_tier_stands_before_all_that_it_does_not_name():
    known = Knowledge.from_text("tier 1: age, sex")
    assert known.forbids("dose", "age")
    assert not any(known.forbids(a, b) for a, b in (("age", "dose"), ("age", "sex"), ("dose", "recovery")))
    names = ("dose", "age", "recovery")
    assert Knowledge(tiers=[["age"]]).forbidden_matrix(names).tolist() == [
        [False, True, False],
        [False, False, False],
        [False, True, False],
    ]
    # One that allows no edges inside says that and no more.
    alone = Knowledge.from_text("exclusive tier: smoking, diet")
    assert alone.forbids("smoking", "diet")
    assert not alone.forbids("dose", "diet")
    with pytest.raises(GraphError, match="'age' is in the only tier, which stands before all others"):
        Knowledge(tiers=[["age"]], required=[("dose", "age")])
    with pytest.raises(GraphError, match="'c' is in tier 2 and 'a' in the earlier tier 1"):
        Knowledge(tiers=[["a"], ["c"]], required=[("c", "a")])
    assert not Knowledge(**parse_tetrad("/knowledge\naddtemporal\n1 age sex\n")).tiers  # in Tetrad it says nothing


@pytest.mark.parametrize("method", ["pc", "boss", "fci", "cd-nod"])
def test_nothing_points_into_the_one_tier_of_a_search(method):
    rng = np.random.default_rng(1)
    dose, age = rng.normal(size=(2, 500))
    rows = Table.of({"age": age + dose, "dose": dose, "other": rng.normal(size=500) + dose})
    more = {"context": "other"} if method == "cd-nod" else {}
    found = discover(rows, method=method, knowledge=Knowledge(tiers=[["age"]]), bootstrap=0, **more)
    heads = {e.right for e in found.graph.edges if e.symbol.endswith(">")}
    assert "age" not in heads
    assert found.graph.edges
