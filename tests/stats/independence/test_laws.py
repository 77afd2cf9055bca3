"""What every independence test obeys, whichever it is."""

import numpy as np
import pytest

from aitia.data.table import Kind, Table
from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.stats.independence import TESTS, independence_test


def table_for(name, n=120, seed=0):
    rng = np.random.default_rng(seed)
    if name in ("chi2", "g2"):
        a = rng.integers(0, 3, n)
        b = (a + rng.integers(0, 2, n)) % 3
        columns = {"a": a, "b": b, "c": rng.integers(0, 2, n), "d": (b + rng.integers(0, 2, n)) % 3}
        return Table.of(columns, kinds=dict.fromkeys(columns, Kind.LABEL))
    a = rng.normal(size=n)
    b = np.tanh(a) + 0.5 * rng.normal(size=n)
    return Table.of({"a": a, "b": b, "c": rng.normal(size=n), "d": b**2 + 0.5 * rng.normal(size=n)})


TRIPLES = [("a", "b", ()), ("d", "a", ("b",)), ("c", "a", ("d", "b")), ("b", "d", ("c",)), ("a", "b", ())]


@pytest.mark.parametrize("name", TESTS)
class TestEvery:
    def test_x_and_y_and_the_set_may_come_in_any_order(self, name):
        test = independence_test(name, table_for(name))
        assert test("a", "d", ("b", "c")) == test("d", "a", ("c", "b"))

    def test_the_answer_does_not_depend_on_what_ran_before_or_on_jobs(self, name):
        table = table_for(name)
        together = independence_test(name, table, jobs=2).test(TRIPLES)
        alone = [independence_test(name, table)(*triple) for triple in TRIPLES]
        assert together == alone

    def test_a_small_cache_changes_nothing(self, name):
        table = table_for(name)
        options = {"cache_bytes": 1000} if name in ("kci", "rcit") else {}
        assert independence_test(name, table, **options).test(TRIPLES) == independence_test(name, table).test(TRIPLES)

    def test_p_values_lie_between_0_and_1_and_strong_dependence_is_found(self, name):
        found = independence_test(name, table_for(name)).test(TRIPLES)
        assert all(0 <= t.p_value <= 1 for t in found)
        assert found[0].p_value < 1e-4

    def test_the_table_and_the_global_random_state_are_left_alone(self, name):
        table = table_for(name)
        before, state = table.hash(), np.random.get_state()[1].copy()  # noqa: NPY002
        independence_test(name, table).test(TRIPLES)
        assert table.hash() == before
        assert (np.random.get_state()[1] == state).all()  # noqa: NPY002

    def test_testwise_deletion_uses_the_rows_that_are_there(self, name):
        table = table_for(name)
        gaps = table.column("b").copy()
        gaps[:20] = np.nan
        holed = table.with_columns({"b": gaps}, kinds={"b": table.kind("b")})
        test = independence_test(name, holed, missing="testwise")
        assert test("a", "b").n == 100
        assert test("a", "c").n == 120
        assert (
            test("a", "b").p_value
            == pytest.approx(independence_test(name, table.take(np.arange(20, 120)))("a", "b").p_value, abs=1e-9)
            or name == "rcit"
        )

    def test_missing_values_are_refused_with_columns_and_counts(self, name):
        table = table_for(name)
        gaps = table.column("b").copy()
        gaps[:3] = np.nan
        holed = table.with_columns({"b": gaps}, kinds={"b": table.kind("b")})
        with pytest.raises(DataError, match=r"b \(3 of 120\)"):
            independence_test(name, holed)

    def test_an_unknown_name_is_told_with_the_nearest(self, name):
        with pytest.raises(UnknownVariableError, match="has: a, b, c, d"):
            independence_test(name, table_for(name))("a", "bb")

    def test_a_variable_is_not_tested_against_itself_or_given_itself(self, name):
        test = independence_test(name, table_for(name))
        with pytest.raises(DataError, match="two variables outside the set"):
            test("a", "a")
        with pytest.raises(DataError, match="two variables outside the set"):
            test("a", "b", ("a",))

    def test_cost_is_positive_and_grows_with_the_set(self, name):
        test = independence_test(name, table_for(name))
        assert 0 < test.cost(0) <= test.cost(3)


def test_an_unknown_test_or_option_is_refused():
    table = table_for("kci")
    with pytest.raises(OptionError, match="there are fisher-z, ranks, degenerate-gaussian, chi2, g2, kci, rcit"):
        independence_test("hsic", table)
    with pytest.raises(OptionError, match="no such option"):
        independence_test("kci", table, colour="red")
    with pytest.raises(OptionError, match="has no option"):
        independence_test("chi2", table_for("chi2"), ridge=1)


def test_labels_are_refused_by_partial_correlation_and_numbers_by_chi_square():
    table = Table.of({"site": ["a", "b"] * 30, "x": np.random.default_rng(0).normal(size=60)})
    with pytest.raises(DataError, match="use degenerate-gaussian"):
        independence_test("fisher-z", table)
    with pytest.raises(DataError, match="'x' is continuous"):
        independence_test("chi2", table)


def test_a_collinear_set_is_named():
    rng = np.random.default_rng(0)
    a, b, x, y = rng.normal(size=(4, 100))
    test = independence_test("fisher-z", Table.of({"a": a, "b": b, "c": a + b, "x": x, "y": y}))
    with pytest.raises(DataError, match="a, b, c are collinear"):
        test("x", "y", ("a", "b", "c"))
    with pytest.raises(DataError, match="'c' follows exactly from a, b"):
        test("c", "x", ("a", "b"))


@pytest.mark.parametrize(("name", "given"), [("fisher-z", ("c",)), ("kci", ()), ("rcit", ("c",))])
def test_under_independence_p_values_are_uniform(name, given):
    from scipy.stats import kstest

    values = []
    for seed in range(150):
        rng = np.random.default_rng([seed, 5])
        c = rng.normal(size=150)
        a, b = c + rng.normal(size=150), c + rng.normal(size=150)
        if not given:
            a, b = rng.normal(size=(2, 150))
        values.append(independence_test(name, Table.of({"a": a, "b": b, "c": c}))("a", "b", given).p_value)
    assert kstest(values, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("name", ["kci", "rcit"])
def test_kernel_tests_compare_labels_as_labels(name):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 4, 400)
    level = np.array([0.0, 2.0, -2.0, 0.5])[label]  # not monotone in the code
    x, y = level + rng.normal(size=400), level + rng.normal(size=400)
    table = Table.of({"x": x, "y": y, "site": np.array(list("abcd"))[label]})
    test = independence_test(name, table)
    assert test("x", "y").p_value < 1e-6
    assert test("x", "site").p_value < 1e-6
    assert test("x", "y", ("site",)).p_value > 0.01


@pytest.mark.parametrize("name", ["kci", "rcit"])
def test_a_vector_valued_column_is_one_variable(name):
    rng = np.random.default_rng(0)
    v = rng.normal(size=(300, 2))
    y = v[:, 0] * v[:, 1] + 0.3 * rng.normal(size=300)
    test = independence_test(name, Table.of({"v": v, "y": y, "z": rng.normal(size=300)}))
    assert test("v", "y").p_value < 1e-4
    assert test("v", "z").p_value > 0.01


def test_the_order_of_rows_does_not_matter():
    table = table_for("kci")
    shuffled = table.take(np.random.default_rng(1).permutation(table.n))
    for triple in TRIPLES:
        a, b = (independence_test("kci", t)(*triple) for t in (table, shuffled))
        assert a.p_value == pytest.approx(b.p_value, abs=1e-4)  # the factors differ within their tolerance


def test_a_width_of_its_own_takes_out_a_fast_drift_and_sees_one():
    t = np.linspace(0, 1, 400)
    rng = np.random.default_rng(0)
    x, y = (np.sin(2 * np.pi * (3 * t + phase)) + 0.4 * rng.normal(size=400) for phase in (0.0, 0.2))
    table = Table.of({"x": x, "y": y, "t": t})
    assert independence_test("kci", table, widths={"t": 0.25})("x", "y", ("t",)).p_value > 0.01
    noisy = table.with_columns({"x": np.sin(8 * np.pi * t) + rng.normal(size=400)})
    usual, narrow = (independence_test("kci", noisy, widths=w)("x", "t").p_value for w in ({}, {"t": 0.25}))
    assert narrow < 1e-3 * usual
    with pytest.raises(UnknownVariableError):
        independence_test("kci", table, widths={"s": 0.25})
    with pytest.raises(OptionError, match="width of 't' is positive"):
        independence_test("kci", table, widths={"t": 0.0})


def test_many_tests_of_partial_correlation_at_once_are_those_one_after_another():
    rng = np.random.default_rng(0)
    test = independence_test("fisher-z", Table.of(rng.normal(size=(50, 14)) @ rng.normal(size=(14, 14))))
    for size in range(11):
        asked = np.array([rng.permutation(14)[: size + 2] for _ in range(9)])
        (x, y), given = np.sort(asked[:, :2], axis=1).T, np.sort(asked[:, 2:], axis=1)
        names = [[test.names[k] for k in row] for row in np.column_stack([x, y, given]).tolist()]
        alone = [test(i, j, of).log_p_value for i, j, *of in names]
        np.testing.assert_allclose(test.log_p_values(x, y, given), alone, rtol=1e-12)  # Python 3.12 adds up otherwise
    rows = rng.normal(size=(50, 3))
    same = independence_test("fisher-z", Table.of(np.column_stack([rows, rows[:, 1] + rows[:, 2]])))
    with pytest.raises(DataError, match="follows exactly"):
        same.log_p_values(np.array([0, 0]), np.array([3, 3]), np.array([[1, 2], [1, 2]]))
