import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import DataError
from aitia.systems.cd_nod.gaussian_process import learn_widths
from aitia.systems.cd_nod.mechanism_change import (
    RIDGE,
    MechanismCurve,
    _features,
    coupling,
    evidence,
    leading_curves,
    mechanism_curve,
)
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


# -- the equations, written out ----------------------------------------------------------------------------------------


def test_over_domains_the_inner_products_are_those_of_one_ridge_regression_a_domain():
    """(1) with least squares on rows that are lengthened by the ridge, and the trace as a sum over all four indices."""
    table, _ = sites(domains=4, size=30)
    table = table.take(np.arange(15, table.n))  # one domain has fewer rows: the mean of the means is not that of all
    x, y = (_features(table, (name,)) for name in ("x", "y"))
    psi, ridge = np.column_stack([np.ones(table.n), x]), np.sqrt(RIDGE) * np.eye(1 + x.shape[1])
    none = np.zeros((len(ridge), y.shape[1]))

    def regression(rows, outcome):
        return np.linalg.lstsq(np.concatenate([psi[rows], ridge]), np.concatenate([outcome[rows], none]), rcond=None)[0]

    every = np.arange(table.n)
    rest = y - psi @ regression(every, y)
    changes = [regression(np.flatnonzero(table.column("site") == d), rest) for d in range(4)]
    wanted = [[np.einsum("ik,ij,jk->", a, psi.T @ psi / table.n, b) for b in changes] for a in changes]
    found = mechanism_curve(table, ("y",), ("x",), "site", "domain").inner
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-9)
    means = np.stack([y[table.column("site") == d].mean(axis=0) for d in range(4)])
    alone = mechanism_curve(table, ("y",), (), "site", "domain").inner
    np.testing.assert_allclose(alone, (means - means.mean(axis=0)) @ (means - means.mean(axis=0)).T, atol=1e-12)


def test_over_time_the_inner_products_are_the_sums_over_all_pairs_of_rows():
    """(2), each product with the kernel of the time as a sum that is written out."""
    rng = np.random.default_rng(2)
    n = 40
    t = np.arange(float(n))
    x = rng.normal(size=n)
    y = np.sin(t / 8) * x + 0.3 * rng.normal(size=n)
    table = Table.of({"x": x, "y": y, "t": t})
    x, y, c = ((v - v.mean())[:, None] / v.std() for v in (x, y, t))

    def gram(v, width=1.0):
        return np.exp(-((v - v.T) ** 2) / (2 * width**2))

    learnt = learn_widths(np.concatenate([x, c], axis=1), y)
    k_x, k_c = gram(x, learnt.lengthscales[0]), gram(c, learnt.lengthscales[1])
    a = np.linalg.inv(k_x * k_c + learnt.noise / learnt.signal * np.eye(n))
    inside = np.linalg.matrix_power(k_x, 3) * (a @ gram(y) @ a)
    wanted = np.einsum("as,st,tb->ab", k_c, inside, k_c) / n**2
    found = mechanism_curve(table, ("y",), ("x",), "t", "time").inner
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9 * np.abs(wanted).max())
    learnt = learn_widths(c, y)
    k_c = gram(c, learnt.lengthscales[0])
    b = np.linalg.inv(k_c + learnt.noise / learnt.signal * np.eye(n))
    alone = mechanism_curve(table, ("y",), (), "t", "time").inner
    wanted = np.einsum("as,st,tb->ab", k_c, b @ gram(y) @ b, k_c)
    np.testing.assert_allclose(alone, wanted, rtol=1e-6, atol=1e-9 * np.abs(wanted).max())


def test_the_leading_curves_of_two_planted_movements_are_those_with_their_shares():
    rng = np.random.default_rng(0)
    a, b = np.linalg.qr(np.column_stack([np.ones(9), rng.normal(size=(9, 2))]))[0].T[1:]
    inner = 3 * np.outer(a, a) + np.outer(b, b) + 7  # what is the same everywhere does not move
    found = leading_curves(MechanismCurve(np.arange(9.0), inner), 2)
    assert found.shares == pytest.approx([0.75, 0.25])
    for curve, planted in zip(found.curves, (a, b), strict=True):
        assert np.abs(curve) == pytest.approx(3 * np.abs(planted))  # unit variance: length sqrt(9)
        assert curve[np.abs(curve).argmax()] > 0
