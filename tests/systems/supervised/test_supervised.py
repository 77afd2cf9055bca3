"""The regression of the true variables: what it finds, fills and refuses."""

import numpy as np
import pytest

from aitia.errors import DataError
from aitia.representations import rows_of, split_rows
from aitia.stats.metrics import mcc
from aitia.system.example import example_of
from aitia.systems.supervised import Supervised


def test_labels_that_are_constant_or_missing_are_refused_by_the_regression():
    x = np.random.default_rng(0).normal(size=(30, 3))
    with pytest.raises(DataError, match="label 'a' of the data is constant"):
        Supervised().fit(rows_of(x, {"a": np.ones(30) * 0.5}), truth=["a"])
    hole = x[:, 0].copy()
    hole[4] = np.nan
    with pytest.raises(DataError, match="label 'a' of the data is missing in row 4"):
        Supervised().fit(rows_of(x, {"a": hole}), truth=["a"])


def test_the_regression_finds_numbers_angles_and_categories():
    rng = np.random.default_rng(0)
    a, turn, kind = rng.normal(size=2000), rng.uniform(-3, 3, 2000), rng.integers(0, 3, 2000)
    x = np.stack([a, np.sin(turn), np.cos(turn), kind + 0.1 * rng.normal(size=2000)], axis=1) @ rng.normal(size=(4, 4))
    data = rows_of(x, {"a": a, "turn": turn, "kind": np.array(["u", "v", "w"])[kind]})
    train, test = (data.take(rows) for rows in split_rows(np.arange(2000), 0.25))
    model = Supervised(steps=1200, learning_rate=5e-3).fit(train, truth=["a", "turn", "kind"], angle="turn")
    codes = model.codes(test)
    assert model.columns == ("a", "sin turn", "cos turn", "kind is v", "kind is w")
    truth = np.stack([test.column("a"), np.sin(test.column("turn")), np.cos(test.column("turn"))], 1)
    assert mcc(truth, codes).value > 0.98
    guessed = np.column_stack([np.zeros(len(test)), codes[:, 3:]]).argmax(1)
    assert np.mean(guessed == test.column("kind")) > 0.95
    bare = test.drop(["a", "turn", "kind"])
    said = model.predict(bare)
    assert np.corrcoef(said.column("a"), test.column("a"))[0, 1] > 0.98
    assert np.mean(np.cos(said.column("turn") - test.column("turn"))) > 0.98
    assert np.mean(said.labels("kind") == test.labels("kind")) > 0.95
    assert model.predict(test) == test, "what a row has stays"


def test_holes_of_a_file_are_filled_and_its_columns_are_named(tmp_path):
    example = example_of("supervised", tmp_path, 0)
    model = Supervised(**example.options).fit(example.files, **example.roles)
    assert model.encode(example.files).names == ("mass", "kind is v", "kind is w", "sin turn", "cos turn")
    filled = model.predict(example.rows, draws=2)
    assert len(filled) == 20
    assert not filled.missing("mass")
    assert set(filled.labels("kind")) <= {"u", "v", "w"}
    assert filled.labels("row").tolist() == [row for row in range(10) for _ in range(2)]


def test_a_label_of_a_clip_is_predicted_once_a_clip_and_one_of_frames_in_each():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4, 3))
    labels = {"mass": x[..., 0].mean(1), "place": x[..., 1], "kind": np.array(["u", "v"])[(x[:, 0, 2] > 0).astype(int)]}
    rows = rows_of(x, labels)
    model = Supervised(steps=400, batch=16, learning_rate=5e-3).fit(rows, truth=["mass", "place", "kind"])
    said = model.predict(rows_of(x)).known
    assert said.column("mass").shape == (60,)
    assert said.column("place").shape == (60, 4)
    assert np.corrcoef(said.column("place").ravel(), x[..., 1].ravel())[0, 1] > 0.95
    assert set(said.labels("kind")) <= {"u", "v"}
