import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.systems.cd_nod.mechanism_change import MechanismCurve, coupling, evidence, leading_curves, mechanism_curve
from aitia.worlds import PairWorld


def sites(seed=0, domains=12, size=60):
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(domains), size)
    level = rng.normal(size=domains)
    x = level[code] + rng.normal(size=len(code))
    y = x + 0.3 * rng.normal(size=len(code))
    label = rng.integers(0, 3, len(code))
    return Table.of({"x": x, "y": y, "label": np.array(list("uvw"))[label], "site": [f"s{c:02d}" for c in code]}), level


def test_a_shifting_mean_is_the_leading_curve_over_domains():
    table, level = sites()
    curves = leading_curves(mechanism_curve(table, ("x",), (), "site", "domain"))
    assert abs(np.corrcoef(curves.curves[0], level)[0, 1]) > 0.95
    bent = leading_curves(mechanism_curve(table, ("x",), (), "site", "domain"), kernel="gaussian")
    assert abs(np.corrcoef(bent.curves[0], level)[0, 1]) > 0.9


def test_a_mechanism_that_stays_the_same_moves_much_less_than_one_that_changes():
    table, _ = sites()
    moves = np.trace(mechanism_curve(table, ("x",), (), "site", "domain").inner)
    stays = np.trace(mechanism_curve(table, ("y",), ("x",), "site", "domain").inner)
    assert stays < 0.1 * moves


def test_inner_products_are_symmetric_and_nonnegative_definite():
    table, _ = sites()
    time = table.with_columns({"t": np.arange(float(table.n))}).take(np.arange(0, table.n, 4))
    for curve in (
        mechanism_curve(table, ("y",), ("x", "label"), "site", "domain"),
        mechanism_curve(table, ("label",), ("x",), "site", "domain"),
        mechanism_curve(time, ("y",), ("x",), "t", "time"),
        mechanism_curve(time, ("label",), (), "t", "time"),
    ):
        np.testing.assert_allclose(curve.inner, curve.inner.T, atol=1e-8)
        values = np.linalg.eigvalsh(curve.inner)
        assert values[0] > -1e-6 * values[-1]
        assert len(curve.context) == len(curve.inner)


def test_coupling_is_1_with_itself_0_with_orthogonal_movement_and_ignores_scale():
    rng = np.random.default_rng(0)
    a, b = np.linalg.qr(np.column_stack([np.ones(9), rng.normal(size=(9, 2))]))[0].T[1:]
    c = np.arange(9.0)
    one, other = MechanismCurve(c, np.outer(a, a)), MechanismCurve(c, np.outer(b, b))
    assert coupling(one, one) == pytest.approx(1)
    assert coupling(one, other) == pytest.approx(0, abs=1e-12)
    assert coupling(one, MechanismCurve(c, 5 * np.outer(a, a))) == pytest.approx(1)


def test_long_series_are_thinned_evenly():
    rng = np.random.default_rng(0)
    t = np.arange(900.0)
    table = Table.of({"x": np.sin(t / 100) + 0.3 * rng.normal(size=900), "t": t})
    curve = mechanism_curve(table, ("x",), (), "t", "time")
    assert len(curve.context) == 400
    assert curve.context[0] == 0
    assert curve.context[-1] == 899
    force = leading_curves(curve, 1).curves[0]
    assert abs(np.corrcoef(force, np.sin(curve.context / 100))[0, 1]) > 0.97


def test_the_evidence_over_time_is_the_larger_in_the_causal_direction():
    world = PairWorld(domains=0, world_seed=1010)
    table = world.sample(200, seed=0)
    cause, effect = world.graph.topological_order()

    def both(a, b):
        return evidence(table, (a,), (), "time") + evidence(table, (b,), (a,), "time")

    assert both(cause, effect) > both(effect, cause) + 1
    scaled = table.with_columns({cause: 100 * table.column(cause) + 3})
    assert evidence(scaled, (effect,), (cause,), "time") == pytest.approx(
        evidence(table, (effect,), (cause,), "time"), abs=1e-3
    )


def test_two_values_of_the_context_make_no_curve():
    table = Table.of({"x": np.arange(20.0), "y": np.arange(20.0) ** 2, "site": ["a", "b"] * 10})
    with pytest.raises(DataError, match="fewer than three values"):
        mechanism_curve(table, ("x",), (), "site", "domain")
