"""The claim of TabPFN: what it is judged on, and that it fails where the network is swapped for a rival."""

import numpy as np
import pytest

import aitia.systems.tabpfn.claim as tabpfn
from aitia.systems.tabpfn.shipped import load_weights


def found(ours, rival=0.90, linear=0.95):
    """Scores in every split and table as if each model always had the same AUC."""
    auc = {tabpfn.LR: linear, tabpfn.RF: rival, tabpfn.KNN: rival, tabpfn.BOOSTED: rival}
    auc |= {tabpfn.LEAF5: rival, tabpfn.GB: rival}
    scores = {who: {"AUC": a, "log loss": 1 - a, "calibration error": 0.1} for who, a in {"ours": ours, **auc}.items()}
    return [dict.fromkeys(tabpfn.real_tables(), scores)] * 3, [scores] * 4


def test_the_tables_have_20_columns_at_most_and_splits_have_every_class():
    for name, (X, y) in tabpfn.real_tables().items():
        assert X.shape[1] <= 20
        assert np.unique(y).tolist() == list(range(y.max() + 1))
        for train in tabpfn.SIZES:
            rows, labels, new, _ = tabpfn._split(name, train, 0)
            assert len(rows) == train
            assert 0 < len(new) <= tabpfn.TEST
            assert len(np.unique(labels)) == y.max() + 1


def test_held_out_tables_fit_the_network_and_differ():
    size = load_weights(None).network_config
    one, two = tabpfn._prior_table(0), tabpfn._prior_table(1)
    for X, y, new, _ in (one, two):
        assert len(X) == tabpfn.TRAIN
        assert X.shape[1] <= size.features
        assert np.bincount(y).min() >= 2
        assert np.isfinite(new).all()
    assert one[0].shape != two[0].shape or not np.allclose(one[0], two[0])
    assert np.array_equal(tabpfn._prior_table(0)[0], one[0])


def test_it_holds_for_a_better_model_and_fails_for_boosted_trees_in_its_place():
    real, tables = found(0.96)
    assert tabpfn._part_a(real)[0].holds
    assert tabpfn._part_b(tables)[0].holds
    real, tables = found(0.90)
    assert not tabpfn._part_a(real)[0].holds
    assert not tabpfn._part_b(tables)[0].holds


def test_it_fails_where_logistic_regression_is_clearly_better():
    real, tables = found(0.94)
    assert not tabpfn._part_a(real)[0].holds
    assert not tabpfn._part_b(tables)[0].holds


def test_other_trainings_are_judged_as_the_one_shipped():
    real, tables = found(0.96)
    for other, holds in ((0.96, True), (0.85, False)):
        rows = tabpfn._part_e([{"real": other, "tables": other}] * 2, real, tables)
        assert [row.seeds for row in rows] == [3, 3]
        assert [bool(row.holds) for row in rows] == [holds, holds]


def test_the_priors_stand_beside_each_other_and_are_judged_on_tables_of_causal_models():
    for bnn, holds in ((0.93, True), (0.97, False)):
        short = {name: [{"real": 0.95, "tables": bnn if "BNN" in name else 0.95}] * 3 for name in tabpfn.PRIORS}
        real, tables = tabpfn._part_f(short)
        assert real.holds is None
        assert tables.holds is holds
        assert tables.baselines["BNN tables alone"] == pytest.approx(bnn)
        assert set(tables.baselines) == {"mixture", "BNN tables alone"}
