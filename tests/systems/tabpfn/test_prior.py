"""Tables of the prior: what they hold, and that each is the structural causal model it says it is."""

from dataclasses import replace

import numpy as np
import pytest

from aitia.do import Intervention
from aitia.errors import OptionError, UnknownVariableError
from aitia.systems.tabpfn import PriorConfig, TablePrior, sample_table
from aitia.systems.tabpfn.laws import Gamma, LogUniform, ScaledBeta
from aitia.systems.tabpfn.prior import CLIP, TableSource
from aitia.systems.tabpfn.tables import PriorTable


@pytest.fixture(scope="module")
def batch():
    return TablePrior().batch(60, 64, np.random.default_rng(100))


def test_every_class_of_every_table_has_two_rows_and_there_are_no_more_than_allowed(batch):
    for y in batch.y:
        counts = np.bincount(y)
        assert counts.min() >= 2
        assert 2 <= len(counts) <= 5


def test_columns_beyond_those_in_use_are_zero_and_the_others_are_clipped(batch):
    for X, used in zip(batch.X, batch.used, strict=True):
        assert (X[:, used:] == 0).all()
        assert np.nanmax(np.abs(X[:, :used])) <= CLIP


def test_the_mixture_has_both_kinds_and_all_numbers_of_columns_and_classes():
    batch = TablePrior(features=4, classes=3).batch(200, 12, np.random.default_rng(101))
    causal = np.array([source.causal for source in batch.sources])
    assert 0.45 < causal.mean() < 0.75  # 0.6, four standard errors
    assert set(batch.used.tolist()) == {1, 2, 3, 4}
    assert set((batch.y.max(axis=1) + 1).tolist()) == {2, 3}


def test_a_share_of_tables_lacks_cells_and_some_columns_are_categories():
    batch = TablePrior(missing=1.0, categorical=1.0).batch(30, 64, np.random.default_rng(102))
    lacking = [np.isnan(X[:, :u]).mean() for X, u in zip(batch.X, batch.used, strict=True)]
    assert 0 < np.mean(lacking) < 0.1
    cut = [j for source in batch.sources for j in source.categories if j is not None]
    assert 0.3 < len(cut) / batch.used.sum() < 0.7  # shares are uniform in 0 to 1


def test_the_same_generator_gives_the_same_tables_and_another_one_others():
    one, two, other = (TablePrior().batch(5, 32, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.X, two.X, equal_nan=True)
    assert not np.array_equal(one.y, other.y)


def test_weights_into_a_unit_have_squares_that_add_up_to_that_of_the_gain_whatever_is_dropped():
    """Of N(0, gain^2 / fan-in), where the fan-in counts the weights that are there."""
    for blocks, drop in ((0.0, 0.0), (0.0, 0.9), (1.0, 0.0), (1.0, 0.9)):
        laws = {"gain": LogUniform(2.0, 2.0), "dropout": ScaledBeta(500.0, 500.0, drop)}
        prior = TablePrior(scm=0.0, blocks=blocks, width=Gamma(1.0, 1.0, 48, 48), layers=Gamma(1.0, 1.0, 3, 3), **laws)
        sources = prior.batch(60, 12, np.random.default_rng(103)).sources
        for layer in range(3):
            total = np.mean([(source.weights[layer] ** 2).sum(axis=0).mean() for source in sources])
            assert total == pytest.approx(4.0, rel=0.1), (blocks, drop, layer)


def test_with_blocks_weights_connect_units_of_the_same_part_of_a_layer_only():
    prior = TablePrior(scm=0.0, blocks=1.0, dropout=ScaledBeta(1.0, 1.0, 0.0), width=Gamma(1.0, 1.0, 48, 48))
    found = set()
    for source in prior.batch(40, 12, np.random.default_rng(104)).sources:
        kept = source.weights[1] != 0
        parts = [b for b in (2, 3, 4) if (kept == np.kron(np.eye(b), np.ones((48 // b, 48 // b)))).all()]
        assert len(parts) == 1
        found |= set(parts)
    assert found == {2, 3, 4}


def test_the_spread_of_a_root_cause_grows_with_its_mean():
    """s = |n m| with n ~ N(0, 1): log s and log |m| have a correlation of sqrt(1 / 2)."""
    sources = TablePrior().batch(200, 12, np.random.default_rng(105)).sources
    means, spreads = (np.concatenate([getattr(s, name) for s in sources]) for name in ("means", "spreads"))
    correlation = np.corrcoef(np.log(spreads), np.log(np.abs(means)))[0, 1]
    assert correlation == pytest.approx(0.5**0.5, abs=0.08)


def test_columns_of_a_bnn_table_are_its_root_causes():
    table = sample_table(50, seed=3, scm=0.0, missing=0.0, categorical=0.0)
    assert not table.source.causal
    roots = table.source.means + table.source.spreads * table.source.root_noise
    assert np.allclose(table.X, roots)


@pytest.mark.parametrize("seed", range(8))
def test_the_scm_of_a_table_with_its_noise_is_the_table(seed):
    """The batched generator, and one variable after another along the graph."""
    table = sample_table(40, seed=seed, missing=0.0, scm=float(seed % 2))
    X, y = table.read(table.scm.solve(table.exogenous))
    assert np.allclose(X, table.X, rtol=1e-9, atol=1e-9)
    assert np.array_equal(y, table.y)


def test_the_scm_draws_the_law_of_its_tables():
    """Mean and standard deviation of a root cause, from 4000 fresh rows."""
    table = sample_table(30, seed=3, scm=0.0, categorical=0.0)
    drawn = table.scm.sample(4000, seed=1).column("x1")
    assert abs(drawn.mean() - table.source.means[0]) < 5 * table.source.spreads[0] / np.sqrt(4000)
    assert np.isclose(drawn.std(), table.source.spreads[0], rtol=0.06)


def chain():
    """c1 -> x1 = 2 c1 (layer 1), y = 3 relu(x1) + noise (layer 2), x2 = -x1's sibling: by hand."""
    source = TableSource(
        causal=True,
        activation="relu",
        means=np.array([1.0]),
        spreads=np.array([0.5]),
        weights=(np.array([[2.0, -1.0]]), np.array([[3.0, 0.0], [0.0, 4.0]])),
        noise=np.array([[0.1, 0.1]]),
        columns=np.array([[1, 0], [2, 1]]),
        target=(2, 0),
        cuts=np.array([5.0]),
        order=np.array([1, 0]),
        categories=(None, None),
        root_noise=np.array([[0.0], [2.0], [-4.0]]),
        unit_noise=np.array([[[0.1, 0.0], [0.0, 0.0], [0.0, 0.2]]]),
    )
    return PriorTable(np.zeros((3, 2)), np.zeros(3, dtype=np.int64), source)


def test_values_of_a_small_table_are_those_by_hand():
    # c = 1, 2, -1; x1 = 2c; h1.2 = -c; y = 3 relu(2c) + e; x2 = 4 relu(-c) + e. Class 1 up to 5, 0 above.
    table = chain()
    values = table.scm.solve(table.exogenous)
    assert np.allclose(values.column("y"), [6.1, 12.0, 0.0])
    X, y = table.read(values)
    assert np.allclose(X, [[2.0, 0.0], [4.0, 0.0], [-2.0, 4.2]])
    assert y.tolist() == [0, 0, 1]


def test_do_on_a_small_table_moves_what_is_below_and_nothing_else():
    table = chain()
    parents = {name: table.graph.parents(name) for name in table.graph.nodes}
    assert parents == {"c1": (), "x1": ("c1",), "h1.2": ("c1",), "y": ("x1",), "x2": ("h1.2",)}
    X, y = table.do("do(x1=1.5)")  # y = 4.5 + e, below the cut; x2 and its noise stay
    assert np.allclose(X, [[1.5, 0.0], [1.5, 0.0], [1.5, 4.2]])
    assert y.tolist() == [1, 1, 1]
    X, y = table.do(Intervention({"c1": -2.0}))  # x1 = -4, relu 0: y = e; x2 = 8 + e
    assert np.allclose(X, [[-4.0, 8.0], [-4.0, 8.0], [-4.0, 8.2]])
    assert y.tolist() == [1, 1, 1]


def test_do_of_an_unknown_variable_names_the_nearest():
    with pytest.raises(UnknownVariableError, match="'x9' is not a variable"):
        chain().do("do(x9=1)")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"features": 0}, "a table has 1 column and 2 classes or more"),
        ({"scm": 1.5}, "scm is between 0 and 1, got 1.5"),
        ({"layers": Gamma(1.0, 1.0, 1, 3)}, "2 layers or more"),
        ({"colour": 1}, "TablePrior: .*colour"),
    ],
)
def test_options_of_the_prior_out_of_range_are_refused(options, said):
    with pytest.raises(OptionError, match=said):
        TablePrior(**options)


@pytest.mark.parametrize(
    "law", [lambda: Gamma(0, 1, 1, 2), lambda: Gamma(1, 1, 3, 2), lambda: LogUniform(0, 1), lambda: ScaledBeta(1, 2, 1)]
)
def test_laws_out_of_range_are_refused(law):
    with pytest.raises(OptionError):
        law()


def test_laws_stay_in_their_range():
    rng = np.random.default_rng(0)
    whole = Gamma(1.0, 2.0, 2, 5).draw(rng, 500)
    assert set(whole.tolist()) == {2, 3, 4, 5}
    spread = LogUniform(0.1, 10.0).draw(rng, 4000)
    assert 0.1 <= spread.min() < spread.max() <= 10
    assert abs(np.log(spread).mean()) < 0.1  # its median is 1
    assert ScaledBeta(0.1, 5.0, 0.9).draw(rng, 500).max() <= 0.9


def test_a_batch_with_too_few_rows_for_its_classes_is_refused():
    with pytest.raises(OptionError, match="of 10 rows or more for 5 classes; got 1 of 8"):
        TablePrior().batch(1, 8, np.random.default_rng(0))


def test_a_table_whose_target_is_constant_is_drawn_anew():
    """With a prior of relu units that are often dead, the batch is still full."""
    config = replace(PriorConfig(features=2, classes=2), noise=LogUniform(1e-12, 1e-11), width=Gamma(1, 1, 4, 4))
    batch = TablePrior(config, dropout=ScaledBeta(4.9, 5.0, 0.98)).batch(40, 16, np.random.default_rng(5))
    assert batch.y.shape == (40, 16)
    assert all(len(np.unique(y)) == 2 for y in batch.y)
