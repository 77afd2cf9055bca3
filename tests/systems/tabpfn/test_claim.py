"""The claim of TabPFN: its tables, its rivals, and that it fails where the network is swapped for one of them."""

import numpy as np
import pytest

import aitia.systems.tabpfn.claim as tabpfn
from aitia.evidence import row, swap_holds
from aitia.systems.tabpfn.claim_rivals import BOOSTED, LINEAR, RIVALS, TRIALS, fitted_rival
from aitia.systems.tabpfn.claim_tables import NEEDS, TEST, linear_tables, missing_packages, nonlinear_tables, split
from aitia.systems.tabpfn.shipped import load_weights


def found(ours, rival=0.90, linear=0.95):
    """Scores of one table in five seeds as if each model always had the same AUC."""
    auc = {tabpfn.OURS: ours, **dict.fromkeys(RIVALS, rival), LINEAR: linear}
    return [{"table": {who: {"AUC": a, "log loss": 1 - a} for who, a in auc.items()}}] * 5


def fits(tables, train):
    size = load_weights(None)
    for X, y in tables.values():
        assert X.shape[1] <= size.network_config.features
        assert np.isfinite(X).all()
        assert np.unique(y).tolist() == list(range(y.max() + 1))
        assert y.max() < size.network_config.classes
        rows, labels, new, _ = split((X, y), train, 1000)
        assert len(rows) == train <= size.recipe.most_rows
        assert 0 < len(new) <= TEST
        assert np.bincount(labels, minlength=y.max() + 1).min() >= 3  # three folds


@pytest.mark.parametrize("train", [tabpfn.FEW, tabpfn.TRAIN])
def test_the_four_tables_fit_the_network_and_splits_have_every_class(train):
    assert len(linear_tables()) == 4
    fits(linear_tables(), train)


@pytest.mark.skipif(bool(missing_packages()), reason=NEEDS)
def test_the_thirteen_tables_fit_the_network_and_have_the_rows_of_the_rule():
    assert len(nonlinear_tables()) == 13
    assert min(len(y) for _, y in nonlinear_tables().values()) >= 600
    fits(nonlinear_tables(), tabpfn.TRAIN)
    fits(nonlinear_tables(), tabpfn.MANY)


@pytest.mark.skipif(bool(missing_packages()), reason=NEEDS)
@pytest.mark.slow
def test_boosted_trees_of_half_the_rows_are_ahead_of_a_linear_model_on_the_thirteen_and_not_on_the_four():
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def lead(X, y, seed):
        half = min(len(y) // 2, 2000)
        rows, new, labels, true = train_test_split(
            X, y, train_size=half, test_size=min(len(y) - half, 2000), stratify=y, random_state=seed
        )
        trees = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, random_state=0)
        linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        auc = [tabpfn._scores(model.fit(rows, labels), new, true)["AUC"] for model in (trees, linear)]
        return auc[0] - auc[1]

    for tables, curved in ((nonlinear_tables(), True), (linear_tables(), False)):
        for name, (X, y) in tables.items():
            assert (np.mean([lead(X, y, seed) for seed in range(1000, 1003)]) >= 0.025) is np.bool_(curved), name


def test_held_out_tables_fit_the_network_and_differ():
    size = load_weights(None).network_config
    one, two = tabpfn._prior_table(1000), tabpfn._prior_table(1001)
    for X, y, new, _ in (one, two):
        assert len(X) == tabpfn.TRAIN
        assert X.shape[1] <= size.features
        assert np.bincount(y).min() >= 3
        assert np.isfinite(new).all()
    assert one[0].shape != two[0].shape or not np.allclose(one[0], two[0])
    assert np.array_equal(tabpfn._prior_table(1000)[0], one[0])


@pytest.mark.parametrize("name", tabpfn.FAMILIES)
def test_a_table_of_a_family_has_both_classes_about_as_often_and_its_columns_say_little_alone(name):
    tables = [tabpfn._family(name, seed) for seed in range(1000, 1040)]
    X, _, new, true = tables[0]
    assert X.shape == (tabpfn.OF_FAMILY, new.shape[1])
    assert len(new) == len(true) == tabpfn.ASKED
    share = np.mean([np.mean(np.r_[y, true]) for _, y, _, true in tables])
    assert share == pytest.approx(0.5, abs=0.02)
    first = np.mean([np.corrcoef(new[:, 0], true)[0, 1] for _, _, new, true in tables])
    assert abs(first) < 0.15


@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_is_tuned_by_as_many_trials_and_gives_probabilities(name):
    X, y, new, true = tabpfn._family("sign of a product", 1000)
    model = fitted_rival(name, X[:60], y[:60], 1000)
    assert np.allclose(model.predict_proba(new).sum(axis=1), 1)
    assert tabpfn._scores(model, new, true)["AUC"] > 0.5
    if hasattr(model, "cv_results_"):
        assert len(model.cv_results_["params"]) == TRIALS


def test_every_row_is_judged_against_every_rival_and_fails_for_any_in_our_place():
    held = tabpfn._judged("a", tabpfn.REAL, found(0.96))
    assert held.holds
    assert set(held.ahead_of) == set(RIVALS)
    assert swap_holds([held], tabpfn.CLAIM.swap) is False
    assert swap_holds([held], LINEAR) is False
    assert not tabpfn._judged("a", tabpfn.REAL, found(0.94)).holds  # a linear model is better
    assert not tabpfn._judged("a", tabpfn.REAL, found(0.90, linear=0.8)).holds  # a tie is no lead


def test_the_log_loss_is_better_where_it_is_lower():
    assert tabpfn._judged("d", tabpfn.LOSS, found(0.96), "log loss").holds
    assert not tabpfn._judged("d", tabpfn.LOSS, found(0.94), "log loss").holds


def test_boosted_trees_are_asked_for_more_where_they_were_behind_clearly():
    assert tabpfn._judged("a", tabpfn.REAL_LINEAR, found(0.96)).ahead_of[BOOSTED] == 0.008
    assert not tabpfn._judged("a", tabpfn.REAL_LINEAR, found(0.957, rival=0.95)).holds


def test_rows_say_what_they_need_where_no_package_ships_the_tables(monkeypatch):
    monkeypatch.setattr(tabpfn, "missing_packages", lambda: ["statsmodels"])

    class Context:
        def over_seeds(self, part, function, default):
            return found(0.96)

    rows = [*tabpfn._part_a(Context()), *tabpfn._part_c(Context())]
    absent = [each for each in rows if not each.values]
    assert [each.metric for each in absent] == [tabpfn.REAL, tabpfn.LOSS, tabpfn.ERROR, tabpfn.AT_MANY]
    assert all(each == row(each.part, each.metric, [], note=NEEDS) for each in absent)
