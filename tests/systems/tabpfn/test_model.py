"""The system: from a file to filled labels, what it is scored by and shows, what it refuses, and what it keeps."""

import pickle

import numpy as np
import pandas as pd
import pytest

from aitia.data.table import Table
from aitia.errors import DataError, FormatError, InterventionError, OptionError, UnknownVariableError
from aitia.system import Given, find, load, verbs_of
from aitia.systems.tabpfn import TabPFN, TabPFNClassifier, page
from aitia.systems.tabpfn.example import write

CARD = TabPFN.card


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    from sklearn.datasets import load_iris

    data = load_iris(as_frame=True)
    path = tmp_path_factory.mktemp("flowers") / "iris.csv"
    frame = data.frame.drop(columns="target").assign(species=data.target_names[data.target])
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def parts(flowers):
    return Given.of(CARD, flowers, label="species").split(0.25, 0)


@pytest.fixture(scope="module")
def model(parts):
    return TabPFN(ensemble=4).fit(parts[0])


def test_its_verbs_are_those_of_its_card():
    assert verbs_of(TabPFN) == CARD.verbs
    assert find("tabpfn").load() is TabPFN


def test_a_file_by_its_path_is_read_as_by_the_classifier(flowers):
    found = TabPFN(ensemble=2).fit(flowers, label="species")
    frame = pd.read_csv(flowers)
    plain = TabPFNClassifier(ensemble=2).fit(frame.drop(columns="species"), frame["species"])
    assert np.array_equal(found.predict_proba(flowers), plain.predict_proba(frame.drop(columns="species")))
    assert found.roles["label"] == "species"
    assert found.classes == ("setosa", "versicolor", "virginica")


def test_holes_are_filled_with_the_most_probable_label_and_all_else_stays(model, parts):
    fresh = parts[1].table
    species = fresh.labels("species").tolist()
    some = fresh.with_columns({"species": [s if k % 2 else None for k, s in enumerate(species)]})
    filled = model.predict(some)
    p = model.predict_proba(fresh)
    best = np.array(model.classes)[p.argmax(axis=1)]
    assert filled.labels("species").tolist() == [s if k % 2 else str(best[k]) for k, s in enumerate(species)]
    assert np.array_equal(filled.matrix([f"P(species={c})" for c in model.classes]), p)
    assert (best == species).mean() > 0.9
    assert filled.select(model.roles["features"]) == fresh.select(model.roles["features"])
    bare = model.predict(fresh.drop(["species"]))
    assert bare.labels("species").tolist() == best.tolist()


def test_a_feature_is_no_label_because_it_is_called_so(parts):
    """The fit says which column is the label; a feature named `target` stays one where the label is not there."""
    named = parts[0].table.to_pandas().rename(columns={"petal width (cm)": "target"})
    model = TabPFN(ensemble=2).fit(named, label="species")
    odd = parts[1].table.to_pandas().rename(columns={"petal width (cm)": "target"}).drop(columns="species")
    filled = model.predict(odd)
    assert filled.labels("target").tolist() == odd["target"].tolist()
    assert "P(species=setosa)" in filled
    assert (filled.labels("species") == parts[1].table.labels("species")).mean() > 0.9


def test_draws_follow_the_probabilities_and_say_whose_they_are(model, parts):
    odd = np.flatnonzero(np.abs(model.predict_proba(parts[1]).max(axis=1) - 0.7) < 0.2)[:2]
    rows = parts[1].table.take(odd).drop(["species"])
    drawn = model.predict(rows, draws=2000, seed=3)
    assert drawn.column("row").tolist() == [0.0] * 2000 + [1.0] * 2000
    p = model.predict_proba(rows)
    for k in range(2):
        labels = drawn.labels("species")[2000 * k : 2000 * (k + 1)]
        shares = [(labels == name).mean() for name in model.classes]
        assert np.abs(shares - p[k]).max() < 0.045  # 4 standard deviations of a share of 2000
    assert drawn == model.predict(rows, draws=2000, seed=3)
    assert drawn != model.predict(rows, draws=2000, seed=4)


def test_it_sets_nothing_and_says_why(model):
    assert not model.targets
    with pytest.raises(InterventionError, match=r"tabpfn answers no do: nothing is set: what is seen"):
        model.do("do(species=setosa)")
    assert model.do().predict is not None


def test_four_scores_stand_beside_three_others_and_the_table_is_learned(model, parts):
    scores = model.judge(parts[1], parts[0])
    assert list(scores) == ["AUC", "accuracy", "log loss", "calibration error"]
    for score in scores.values():
        assert set(score.baselines) == {"logistic regression", "boosted trees", "class shares"}
    assert scores["AUC"].value > 0.95
    assert scores["AUC"].baselines["class shares"] == 0.5
    assert [scores[name].better for name in scores] == ["higher", "higher", "lower", "lower"]


def test_the_report_shows_which_class_is_taken_for_which_and_the_reliability(model, parts):
    page = "".join(block.html() for block in model.report(parts[1]))
    for said in ("is versicolor", "said virginica", "probability told", "It answers no do(...)"):
        assert said in page
    assert "2400 steps, seed 0" in model.training.notes[0]
    assert len(model.training.losses[0][1]) > 1


def test_the_matrix_of_the_report_counts_rows_by_what_they_are_and_what_was_said(model, parts, monkeypatch):
    drawn = {}
    draw = page.shaded_matrix
    monkeypatch.setattr(page, "shaded_matrix", lambda *a, **k: drawn.update(counts=a[2]) or draw(*a, **k))
    turned = parts[1].table.labels("species")
    moved = turned == "setosa"
    turned[moved] = "virginica"
    model.report(parts[1].with_rows(parts[1].table.with_columns({"species": turned})))
    assert drawn["counts"][2, 0] == moved.sum()
    assert drawn["counts"].sum() == len(turned)
    assert drawn["counts"][0].sum() == 0


def test_labels_of_numbers_keep_them():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    kind = (x[:, 0] > 0) * 3
    found = TabPFN(ensemble=1).fit(x[:60], kind[:60])
    assert found.classes == (0, 3)
    fresh, seen = Given.of(CARD, x[60:], kind[60:]), Given.of(CARD, x[:60], kind[:60])
    assert found.judge(fresh, seen)["AUC"].value > 0.9
    assert set(found.predict(x[60:]).labels("label").tolist()) == {0, 3}


@pytest.mark.parametrize(
    ("roles", "error", "said"),
    [
        ({}, OptionError, r"predicts one column: name it \(label=COLUMN, --label COLUMN\); there are sepal length"),
        ({"label": "specis"}, UnknownVariableError, "Did you mean 'species'"),
        ({"label": "petal width (cm)"}, DataError, "cut it into bins"),
        ({"lable": "species"}, OptionError, "no role or subject 'lable'. Did you mean 'label'"),
    ],
)
def test_what_it_cannot_predict_is_refused(flowers, roles, error, said):
    with pytest.raises(error, match=said):
        TabPFN().fit(flowers, **roles)


def test_a_label_with_holes_and_a_table_of_the_label_alone_are_refused(tmp_path):
    lines = [f"{k}.5,{'' if k == 3 else 'xy'[k % 2]}" for k in range(40)]
    (tmp_path / "gaps.csv").write_text("\n".join(["a,kind", *lines]))
    with pytest.raises(DataError, match="'kind' is missing in 1 of 40 rows"):
        TabPFN().fit(tmp_path / "gaps.csv", label="kind")
    (tmp_path / "alone.csv").write_text("kind\n" + "\n".join("xy"[k % 2] for k in range(40)))
    with pytest.raises(DataError, match="has no column but 'kind'"):
        TabPFN().fit(tmp_path / "alone.csv", label="kind")


def test_options_are_checked_when_they_are_given(small_folder):
    with pytest.raises(OptionError, match="ensemble is at least 1"):
        TabPFN(ensemble=0)
    with pytest.raises(OptionError, match="depth"):
        TabPFN(depth=3)
    model = TabPFN(weights=small_folder, ensemble=2)
    assert model.get_params()["weights"] == str(small_folder)
    assert model.set_params(ensemble=3).config.ensemble == 3
    with pytest.raises(OptionError, match="depth"):
        model.set_params(depth=3)


def test_questions_before_the_fit_and_rows_without_a_column_are_refused(model, parts):
    with pytest.raises(OptionError, match="has not been fitted"):
        TabPFN().predict([[1.0]])
    with pytest.raises(UnknownVariableError, match="'petal width"):
        model.predict(parts[1].table.drop(["petal width (cm)"]))


def test_columns_of_text_are_numbered_when_asked_for_and_rows_of_a_new_class_are_left_out_of_the_score(tmp_path):
    rng = np.random.default_rng(1)
    rows = [f"{rng.normal():.3f},{'red' if k % 2 else 'blue'},{'yes' if k % 2 else 'no'}" for k in range(60)]
    path = tmp_path / "text.csv"
    path.write_text("\n".join(["a,colour,kind", *rows]))
    with pytest.raises(DataError, match="there is text in 'colour'"):
        TabPFN().fit(path, label="kind")
    seen, fresh = Given.of(CARD, path, label="kind").split(0.25, 0)
    found = TabPFN(categories="ordinal", ensemble=1).fit(seen)
    assert found.judge(fresh, seen)["accuracy"].value == 1.0
    strange = fresh.with_rows(fresh.table.with_columns({"kind": ["maybe"] * len(fresh)}))
    assert found.judge(strange, seen) == {}
    assert "None of the rows" in found.report(strange)[0].html()


def test_a_saved_system_answers_the_same_and_knows_its_columns(model, parts, tmp_path):
    model.save_pretrained(tmp_path)
    read = load(tmp_path)
    fresh = parts[1].table.drop(["species"])
    assert read.predict(fresh, draws=3) == model.predict(fresh, draws=3)
    assert read.roles == model.roles
    assert read.get_params() == model.get_params()
    text = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(text.replace('"kept"', '"kapt"'))
    with pytest.raises(FormatError, match="damaged: 'kept'"):
        load(tmp_path)


def test_the_example_is_fitted_and_its_holes_are_filled(tmp_path):
    example = write(tmp_path, 0)
    model = TabPFN(**example.options).fit(example.files, **example.roles)
    filled = model.predict(example.rows)
    assert filled.missing(example.outcome) == 0
    assert len(filled) == 3
    assert isinstance(pickle.loads(pickle.dumps(filled)), Table)
