"""What the table lacks is named, and becomes bounds, a trimmed effect or a refusal: held against sums by hand."""

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.discovery import estimate_effect
from aitia.errors import DataError, IdentifiabilityError, InterventionError
from aitia.graph import Graph

GRAPH = Graph("z -> x -> y <- z")
YES = np.array(["no", "yes"])


@pytest.fixture(scope="module")
def stratum():
    """Nobody in stratum d is treated; the outcome is a label."""
    rng = np.random.default_rng(0)
    z = rng.integers(0, 4, 800)
    x = (rng.random(800) < 0.3 + 0.1 * z).astype(int)
    x[z == 3] = 0
    y = (rng.random(800) < 0.2 + 0.3 * x + 0.1 * z).astype(int)
    return z, x, y


def labelled(z, x, y):
    return Table.of({"z": np.array(list("abcd"))[z], "x": YES[x], "y": YES[y]})


def by_hand(z, x, y, side, fill):
    """sum_z P(z) P(y | x, z), with what an empty stratum is taken for."""
    shares = [(np.mean(z == k), y[(z == k) & (x == side)]) for k in range(4)]
    return sum(share * (rows.mean() if len(rows) else fill) for share, rows in shares)


def test_an_empty_stratum_becomes_bounds_that_are_those_of_a_sum_by_hand(stratum):
    z, x, y = stratum
    found = estimate_effect(GRAPH, labelled(z, x, y), "x=yes", "y", against="x=no", resamples=200)
    empty = int((z == 3).sum())
    assert np.isnan(found.estimate)
    assert found.lacking == pytest.approx(empty / 800, abs=0.02)
    assert found.overlap[0].startswith("cells that the answer needs and no row is in: z = d, x = yes: no rows (2")
    assert found.overlap[0].endswith("% of the rows under do)")
    assert "." not in found.overlap[0].rpartition("(")[2]
    assert any("only bounds are given" in told and "--trim" in told for told in found.warnings)
    against = by_hand(z, x, y, 0, 0.0)
    low, high = by_hand(z, x, y, 1, 0.0) - against, by_hand(z, x, y, 1, 1.0) - against
    assert found.low < low < high < found.high
    assert found.high - found.low < (high - low) + 0.3, "bounds and the doubt of sampling, no more"
    assert str(found).endswith(f'changes P(y = yes) by {found.low:.4g} to {found.high:.4g} against do(x="no")')
    assert found.to_json()["estimate"] is None


def test_trimming_gives_the_effect_on_the_strata_that_have_both_sides(stratum):
    z, x, y = stratum
    found = estimate_effect(GRAPH, labelled(z, x, y), "x=yes", "y", against="x=no", trim=True, draws=40_000)
    kept = z != 3
    truth = by_hand(z[kept], x[kept], y[kept], 1, 0.0) - by_hand(z[kept], x[kept], y[kept], 0, 0.0)
    assert found.estimate == pytest.approx(truth, abs=0.01)
    assert found.trimmed == pytest.approx(1 - kept.mean(), abs=0.01)
    assert any("left out for want of support (--trim)" in told for told in found.warnings)


def test_a_number_of_a_stratum_without_rows_is_bounded_by_what_is_seen(stratum):
    z, x, _ = stratum
    y = x + z + np.random.default_rng(1).normal(size=800)
    rows = labelled(z, x, x).with_columns({"y": y})
    found = estimate_effect(GRAPH, rows, "x=yes", "y", against="x=no")
    assert np.isnan(found.estimate)
    share = np.mean(z == 3)
    assert found.high - found.low > share * (y.max() - y.min())


def test_a_thin_cell_is_named_and_widens_the_interval(stratum):
    z, x, y = stratum
    thin, thick = x.copy(), x.copy()
    thin[np.flatnonzero(z == 3)[:2]] = 1
    thick[np.flatnonzero(z == 3)[::2]] = 1
    one, other = (estimate_effect(GRAPH, labelled(z, side, y), "x=yes", "y", against="x=no") for side in (thin, thick))
    assert one.overlap[0].startswith("thin cells: z = d, x = yes: 2 rows")
    assert other.overlap == ()
    assert one.high - one.low > 1.5 * (other.high - other.low)
    assert not np.isnan(one.estimate)


def test_a_label_that_never_occurs_beyond_a_number_is_bounded_there():
    rng = np.random.default_rng(0)
    age = rng.normal(50, 10, 600)
    treated = (rng.random(600) < 0.5) & (age < 60)
    rows = Table.of({"z": age, "x": YES[treated.astype(int)], "y": treated + 0.1 * age + rng.normal(size=600)})
    found = estimate_effect(GRAPH, rows, "x=yes", "y", against="x=no", resamples=50)
    assert np.isnan(found.estimate)
    assert found.lacking == pytest.approx((age > 60).mean(), abs=0.04)
    assert 'under do(x="yes")' in found.overlap[0]
    assert "none like them in the table (z mostly 6" in found.overlap[0]
    kept = estimate_effect(GRAPH, rows, "x=yes", "y", against="x=no", resamples=100, trim=True)
    assert kept.low < 1 < kept.high
    assert kept.high - kept.low < 0.6


def test_where_both_sides_are_everywhere_nothing_is_told():
    rng = np.random.default_rng(0)
    age = rng.normal(50, 10, 600)
    treated = (rng.random(600) < 1 / (1 + np.exp(-(age - 50) / 10))).astype(int)
    rows = Table.of({"z": age, "x": YES[treated], "y": treated + 0.1 * age + rng.normal(size=600)})
    found = estimate_effect(GRAPH, rows, "x=yes", "y", against="x=no", resamples=50)
    assert found.overlap == ()
    assert found.lacking == 0
    assert found.low < found.estimate < found.high


def test_what_several_members_lack_is_told_once_with_the_largest_share():
    rng = np.random.default_rng(0)
    a = rng.normal(size=400)
    z = 0.5 * a + rng.normal(size=400)
    x = a + z + 0.7 * rng.normal(size=400)
    rows = Table.of({"a": a, "z": z, "x": x, "y": x + a - z + rng.normal(size=400)})
    open_ = Graph("a --- x; z --- x; a --- z; x -> y; a -> y; z -> y")
    found = estimate_effect(open_, rows, "x=2", "y", against="x=0", resamples=20)
    assert len(found.members) > 2
    each = [
        estimate_effect(member.graph, rows, "x=2", "y", against="x=0", resamples=5).overlap for member in found.members
    ]
    one = [told for lines in each for told in lines if told.startswith("under do(x=2)")]
    assert len(set(one)) > 1, "members that lack different shares"
    merged = [told for told in found.overlap if told.startswith("under do(x=2)")]
    worst = max(one, key=lambda told: int(told.split("%")[0].split()[-1]))
    assert merged == [worst.replace("under do(x=2)", "under do(x=2) up to")]


def test_a_value_that_no_row_comes_near_has_no_interval():
    rng = np.random.default_rng(0)
    z = rng.normal(size=300)
    x = z + rng.normal(size=300)
    rows = Table.of({"z": z, "x": x, "y": x + z + rng.normal(size=300)})
    far = estimate_effect(GRAPH, rows, "x=60", "y", against="x=0", resamples=20)
    assert np.isnan([far.low, far.high]).all()
    told = next(w for w in far.warnings if w.startswith("x = 60 lies outside of what is observed"))
    assert f"by {(60 - x.max()) / (x.max() - x.min()):.1g} times its width" in told
    assert "no interval is given" in told
    farther = estimate_effect(GRAPH, rows, "x=900", "y", against="x=0", resamples=0).warnings
    assert any(f"by {(900 - x.max()) / (x.max() - x.min()):.0f} times its width" in told for told in farther)
    assert "[" not in str(far)
    assert far.estimators == ()
    moved = estimate_effect(GRAPH, rows, f"x=shift({x.max() - x.min()})", "y", resamples=20)
    assert any("takes 100% of the rows outside of what is observed" in told for told in moved.warnings)
    assert np.isnan(moved.low)
    some = estimate_effect(GRAPH, rows, f"x=shift({x.max() - np.quantile(x, 0.8)})", "y", resamples=20)
    assert any("takes 20% of the rows outside" in told and "fitted line alone" in told for told in some.warnings)
    assert some.low < some.high
    conditional = estimate_effect(GRAPH, rows, "x=3", "y", against="x=0", resamples=20)
    assert any("rests on the fitted line alone" in told for told in conditional.overlap)


def test_labels_and_treatments_without_rows_are_one_sentence(stratum):
    rows = labelled(*stratum)
    few = rows.take(rows.labels("x") == "no")
    with pytest.raises(DataError, match="'x' has one value in these rows, no: what another would do, no row tells"):
        estimate_effect(GRAPH, few, "x=yes", "y")
    three = Table.of({**{n: rows.labels(n) for n in "zy"}, "x": np.array(["a", "b", "c"])[np.arange(800) % 3]})
    with pytest.raises(DataError, match="no row has x = c: what it would do, no row tells"):
        estimate_effect(GRAPH, three.take(three.labels("x") != "c"), "x=c", "y", against="x=a")


def test_what_is_itself_changed_is_not_trimmed_by():
    rng = np.random.default_rng(0)
    z, x = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    m = np.where(rng.random(400) < 0.9, x, 1 - x)
    m[z == 1] = 0
    rows = Table.of({name: YES[v] for name, v in {"z": z, "x": x, "m": m, "y": (m + z) % 2}.items()})
    graph = Graph("x -> m -> y; z -> y")
    whole = estimate_effect(graph, rows, "x=yes", "y", against="x=no", resamples=20)
    assert "z = yes, m = yes: no rows" in whole.overlap[0] or "m = yes, z = yes: no rows" in whole.overlap[0]
    with_formula = estimate_effect(graph, rows, "x=yes", "y", against="x=no", resamples=20, trim=True)
    assert str(with_formula.graph) == "x --> y"
    shares = [(rows.labels("y")[rows.labels("x") == side] == "yes").mean() for side in ("yes", "no")]
    assert (with_formula.estimate, with_formula.trimmed) == (pytest.approx(shares[0] - shares[1]), 0)
    # m is a cause of w and of the outcome on the way from x: no set is adjusted for; and w = yes needs m = yes.
    rows = rows.with_columns({"w": YES[np.where(m == 1, rng.integers(0, 2, 400), 0)]})
    graph = Graph("x -> m -> w -> y; m -> y")
    with pytest.raises(
        IdentifiabilityError, match="the effect rests on variables that the intervention itself changes"
    ):
        estimate_effect(graph, rows, "x=yes, w=yes", "y", against="x=no, w=no", resamples=20, trim=True)


def test_a_date_that_is_set_is_told_in_the_days_that_it_is_held_in():
    days = np.datetime64("2020-01-01") + np.arange(60)
    table = Table.of({"date": days, "y": np.arange(60.0) % 7})
    with pytest.raises(InterventionError, match="'date' holds dates, in days since 1970: write 2020-02-01 as 18293"):
        estimate_effect(Graph("date -> y"), table, "do(date=2020-02-01)", "y")
    assert estimate_effect(Graph("date -> y"), table, "do(date=18293)", "y", resamples=40).estimate == pytest.approx(
        0, abs=2
    )
    with pytest.raises(InterventionError, match="'date' is continuous and cannot be 'soon': give a number"):
        estimate_effect(Graph("date -> y"), table, "do(date=soon)", "y")
