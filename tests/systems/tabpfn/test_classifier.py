"""The classifier: laws of its answers, the conventions of scikit-learn, what it refuses, and what it keeps."""

import json
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import PowerTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.systems.tabpfn import NetworkConfig, TableTransformer, TabPFNClassifier
from aitia.systems.tabpfn.members import Member, Members, draw_members

EXCEPTIONS = {
    "check_methods_subset_invariance": "one row alone and in a batch differ by the rounding of float32 (below "
    "1e-5, see the test of that); the check allows 1e-7",
}

with warnings.catch_warnings():
    # It is no subclass of BaseEstimator, so that scikit-learn is imported only when it is used.
    warnings.simplefilter("ignore")
    CHECKS = parametrize_with_checks(
        [TabPFNClassifier(ensemble=1, subsample=True)], expected_failed_checks=lambda estimator: EXCEPTIONS
    )


@CHECKS
def test_it_is_an_estimator_by_the_checks_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some checks have a class with one row, which warns
        check(estimator)


@pytest.fixture(scope="module")
def blobs():
    X, y = make_blobs(90, 4, centers=3, cluster_std=3.0, random_state=0)
    return X, np.array(["ant", "bee", "cat"])[y]


@pytest.fixture(scope="module")
def fitted(blobs):
    return TabPFNClassifier().fit(blobs[0][:60], blobs[1][:60])


# -- laws ------------------------------------------------------------------------------------------------------------


def test_probabilities_add_up_to_one_and_predictions_are_the_most_probable(fitted, blobs):
    p = fitted.predict_proba(blobs[0])
    assert np.allclose(p.sum(axis=1), 1)
    assert (fitted.predict(blobs[0]) == fitted.classes_[p.argmax(axis=1)]).all()
    assert fitted.score(blobs[0][60:], blobs[1][60:]) > 0.8


def test_one_row_at_a_time_gives_what_all_give_together(fitted, blobs):
    whole = fitted.predict_proba(blobs[0][60:])
    alone = np.concatenate([fitted.predict_proba(blobs[0][k : k + 1]) for k in range(60, 90)])
    assert np.allclose(alone, whole, atol=1e-5)


def test_the_order_of_training_rows_does_not_matter(fitted, blobs):
    order = np.random.default_rng(0).permutation(60)
    again = TabPFNClassifier().fit(blobs[0][order], blobs[1][order])
    assert np.allclose(again.predict_proba(blobs[0][60:]), fitted.predict_proba(blobs[0][60:]), atol=1e-4)


def test_an_ensemble_over_all_shifts_does_not_know_which_column_or_class_is_first(blobs):
    """With every pair of shifts, shifting columns and classes round permutes the passes."""
    X, y = blobs[0][:, :3], blobs[1]
    every = TabPFNClassifier(ensemble=9, power=False)
    one = every.fit(X[:60], y[:60]).predict_proba(X[60:])
    renamed = np.array([{"ant": "b", "bee": "c", "cat": "a"}[label] for label in y])  # ant, bee, cat are now b, c, a
    two = every.fit(np.roll(X[:60], 1, axis=1), renamed[:60]).predict_proba(np.roll(X[60:], 1, axis=1))
    assert np.allclose(two[:, [1, 2, 0]], one, atol=1e-4)


def test_units_of_columns_do_not_matter(fitted, blobs):
    scale = np.array([1e-3, 1.0, 1e4, 7.0])
    again = TabPFNClassifier().fit(blobs[0][:60] * scale + 5, blobs[1][:60])
    assert np.allclose(again.predict_proba(blobs[0][60:] * scale + 5), fitted.predict_proba(blobs[0][60:]), atol=1e-3)


def test_passes_differ_and_the_first_sees_the_table_as_it_is():
    labels = np.repeat([0, 1, 2], 10)
    members = draw_members(labels, 4, 8, power=True, most_rows=448, most_features=20, seed=0)
    assert members[0].columns.tolist() == [0, 1, 2, 3]
    assert members[0].shift == 0
    assert not members[0].power
    assert len({(tuple(m.columns), m.shift, m.power) for m in members}) == 8


def test_each_pass_sees_its_own_rows_and_columns_through_the_transform():
    rows, labels = np.random.default_rng(0).normal(size=(30, 3)) ** 3, np.arange(30) % 2
    made = [
        Member(np.array([0, 1, 2]), 0, True, np.arange(20)),
        Member(np.array([2, 0, 1]), 1, True, np.arange(10, 30)),
    ]
    members = Members(made, TableTransformer(NetworkConfig(3, 2, 8, 1, 2)), rows, labels)
    whole = PowerTransformer(standardize=False).fit_transform((rows - rows.mean(0)) / rows.std(0))
    for seen, member in zip(members._seen(rows, [m.rows for m in made]).numpy(), made, strict=True):
        assert np.allclose(seen, whole[member.rows][:, member.columns], atol=1e-3)


def test_parts_of_a_large_table_have_every_class_and_no_row_twice():
    labels = np.array([0] * 500 + [1] * 499 + [2])
    for member in draw_members(labels, 30, 6, power=False, most_rows=50, most_features=20, seed=3):
        assert len(np.unique(member.rows)) == 50
        assert len(np.unique(member.columns)) == 20
        assert set(labels[member.rows].tolist()) == {0, 1, 2}


# -- what people hand in ---------------------------------------------------------------------------------------------


def test_frames_tables_and_sparse_matrices_give_the_same_answers(fitted, blobs):
    X, y = blobs
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame(X, columns=names)
    wanted = fitted.predict_proba(X[60:])
    for made in (frame, pl.DataFrame(frame.to_dict("list")), Table.of(frame)):
        rows = (
            [made[:60], made[60:]] if not isinstance(made, Table) else [made.take(range(60)), made.take(range(60, 90))]
        )
        assert np.allclose(TabPFNClassifier().fit(rows[0], y[:60]).predict_proba(rows[1]), wanted, atol=1e-6)
    assert np.allclose(
        TabPFNClassifier().fit(csr_array(X[:60]), y[:60]).predict_proba(csr_array(X[60:])), wanted, atol=1e-6
    )


def test_columns_in_another_order_are_refused(blobs):
    frame = pd.DataFrame(blobs[0], columns=["a", "b", "c", "d"])
    model = TabPFNClassifier().fit(frame[:60], blobs[1][:60])
    with pytest.raises(DataError, match="must be in the same order"):
        model.predict(frame[["b", "a", "c", "d"]])


def test_missing_values_are_refused_by_name_or_taken_as_the_mean(blobs):
    frame = pd.DataFrame(blobs[0], columns=["a", "b", "c", "d"])
    frame.loc[3, "b"] = np.nan
    with pytest.raises(DataError, match=r"values are missing \(NaN\) in 'b': missing='mean'"):
        TabPFNClassifier().fit(frame[:60], blobs[1][:60])
    model = TabPFNClassifier(missing="mean").fit(frame[:60], blobs[1][:60])
    gaps = frame[60:].copy()
    gaps.iloc[0, 2] = np.nan
    assert np.isfinite(model.predict_proba(gaps)).all()


def test_infinity_is_refused_by_name(blobs):
    frame = pd.DataFrame(blobs[0], columns=["a", "b", "c", "d"])
    frame.loc[3, "d"] = np.inf
    with pytest.raises(DataError, match=r"infinity \(inf\) in 'd'"):
        TabPFNClassifier(missing="mean").fit(frame[:60], blobs[1][:60])


def test_text_is_refused_by_name_or_numbered(blobs):
    frame = pd.DataFrame(blobs[0], columns=["a", "b", "c", "d"])
    frame["colour"] = np.where(blobs[1] == "ant", "red", "blue")
    with pytest.raises(DataError, match=r"there is text in 'colour'.*categories='ordinal'"):
        TabPFNClassifier().fit(frame[:60], blobs[1][:60])
    model = TabPFNClassifier(categories="ordinal").fit(frame[:60], blobs[1][:60])
    numbers = frame.assign(colour=(frame["colour"] == "red").astype(float))  # blue 0, red 1
    plain = TabPFNClassifier().fit(numbers[:60], blobs[1][:60])
    assert np.allclose(model.predict_proba(frame[60:]), plain.predict_proba(numbers[60:]))
    with pytest.raises(DataError, match="'colour' has values that the fit has not seen: green"):
        model.predict(frame[60:].assign(colour="green"))


def test_constant_columns_are_left_out_with_a_note(blobs):
    X = np.column_stack([blobs[0], np.full(90, 7.0)])
    model = TabPFNClassifier().fit(X[:60], blobs[1][:60])
    assert model.notes_ == ("constant columns were left out: column 4",)
    assert np.allclose(
        model.predict_proba(X[60:]), TabPFNClassifier().fit(X[:60, :4], blobs[1][:60]).predict_proba(X[60:, :4])
    )
    with pytest.raises(DataError, match="every column is constant"):
        TabPFNClassifier().fit(np.ones((10, 2)), [0, 1] * 5)


@pytest.mark.parametrize(
    ("shape", "said"),
    [((449, 3), "449 rows, this network reads 448"), ((30, 21), "21 columns, this network reads 20")],
)
def test_a_table_larger_than_the_network_reads_is_refused_or_cut(shape, said):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=shape), np.arange(shape[0]) % 2
    X[:, 0] += 3 * y
    with pytest.raises(DataError, match=f"{said} at most: take subsample=True"):
        TabPFNClassifier().fit(X, y)
    assert TabPFNClassifier(subsample=True).fit(X, y).predict_proba(X[:5]).shape == (5, 2)


def test_too_many_classes_are_refused():
    with pytest.raises(DataError, match="the target has 6 classes, this network knows 5 at most"):
        TabPFNClassifier().fit(np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 6)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.zeros(20), "the target has one class only, 0.0"),
        (np.linspace(0, 1, 20), "cut it into bins"),
        (np.array([np.nan] + [0.0, 1.0] * 9 + [0.0]), "the target has missing values"),
        (np.array([np.inf] + [0.0, 1.0] * 9 + [0.0]), "the target holds infinity"),
        (np.zeros(19), "inconsistent numbers of samples|one class"),
        (None, "requires y to be passed"),
    ],
)
def test_targets_that_are_no_classes_are_refused(y, said):
    with pytest.raises(DataError, match=said):
        TabPFNClassifier().fit(np.random.default_rng(0).normal(size=(20, 2)), y)


def test_a_class_with_one_row_warns():
    with pytest.warns(UserWarning, match="2 has one row only"):
        TabPFNClassifier().fit(np.random.default_rng(0).normal(size=(21, 2)), [0, 1] * 10 + [2])


def test_a_sparse_matrix_too_large_to_be_dense_is_refused():
    with pytest.raises(DataError, match="too large to be made dense"):
        TabPFNClassifier().fit(csr_array((3_000_000, 10)), np.zeros(3_000_000))


@pytest.mark.parametrize("options", [{"ensemble": 0}, {"missing": "median"}, {"categories": "hash"}, {"device": "tpu"}])
def test_options_out_of_range_are_refused(options, blobs):
    with pytest.raises(OptionError, match=next(iter(options))):
        TabPFNClassifier(**options).fit(*blobs)


def test_unknown_parameters_and_questions_before_the_fit_are_refused():
    with pytest.raises(OptionError, match="has no option 'depth'"):
        TabPFNClassifier().set_params(depth=3)
    for error in (OptionError, NotFittedError):
        with pytest.raises(error, match="has not been fitted"):
            TabPFNClassifier().predict([[1.0]])


# -- weights, keeping, tools -----------------------------------------------------------------------------------------


def test_parameters_that_are_set_count_from_the_next_fit_on(blobs):
    model = TabPFNClassifier().fit(*blobs)
    gaps = blobs[0].copy()
    gaps[0, 0] = np.nan
    model.set_params(missing="mean")
    with pytest.raises(DataError, match="values are missing"):
        model.predict(gaps)
    assert len(model.fit(*blobs).predict(gaps)) == len(gaps)


def test_other_weights_bring_their_own_limits(small_folder, blobs):
    with pytest.raises(DataError, match="60 rows, this network reads 28 at most"):
        TabPFNClassifier(weights=small_folder).fit(blobs[0][:60], blobs[1][:60])
    model = TabPFNClassifier(weights=small_folder, subsample=True).fit(blobs[0][:60], blobs[1][:60])
    assert model.predict_proba(blobs[0]).shape == (90, 3)


def through_json(model):
    """What is written in config.json and read again, with the same weights."""
    read = TabPFNClassifier.from_json(json.loads(json.dumps(model.to_json())))
    read.network.load_state_dict(model.network.state_dict())
    return read


@pytest.mark.parametrize("labels", [["ant", "bee", "cat"], [3, 7, 9]])
def test_what_was_kept_answers_the_same(labels, blobs):
    frame = pd.DataFrame(blobs[0], columns=["a", "b", "c", "d"]).assign(text=np.where(blobs[0][:, 0] > 0, "u", "v"))
    y = np.array(labels)[np.unique(blobs[1], return_inverse=True)[1]]
    model = TabPFNClassifier(categories="ordinal", seed=3).fit(frame[:60], pd.Series(y[:60], name="kind"))
    read = through_json(model)
    assert np.array_equal(read.predict_proba(frame[60:]), model.predict_proba(frame[60:]))
    assert read.classes_.tolist() == model.classes_.tolist()
    assert read.get_params() == model.get_params()
    assert read.target_ == "kind"
    with pytest.raises(DataError, match="feature names should match"):
        read.predict(frame[60:].rename(columns={"a": "z"}))


def test_it_runs_in_cross_validation(blobs):
    assert cross_val_score(TabPFNClassifier(ensemble=2), *blobs, cv=3).mean() > 0.8
