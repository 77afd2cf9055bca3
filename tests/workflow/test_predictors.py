"""Predicting a column from the command: what it is scored by, what it refuses, and what its report shows."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from aitia.cli import app
from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.workflow import find_method, fit, load_fit


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    from sklearn.datasets import load_iris

    data = load_iris(as_frame=True)
    path = tmp_path_factory.mktemp("flowers") / "iris.csv"
    frame = data.frame.drop(columns="target").assign(species=data.target_names[data.target])
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(flowers, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    told = ["run", "tabpfn", "--data", str(flowers), "--set", "target=species", "--set", "ensemble=4"]
    answer = CliRunner().invoke(app, [*told, "--out", str(out)])
    assert answer.exit_code == 0, answer.exception
    return out, answer.output


def test_the_command_tells_four_scores_beside_three_others_and_the_table_is_learned(run):
    out, told = run
    scores = json.loads((out / "metrics.json").read_text())["scores"]
    assert set(scores) == {"AUC", "accuracy", "log loss", "calibration error"}
    for row in scores.values():
        assert set(row) == {"better", "model", "logistic regression", "boosted trees", "class shares"}
    assert scores["AUC"]["model"] > 0.95
    assert scores["AUC"]["class shares"] == 0.5
    assert "logistic regression" in told


def test_the_report_shows_which_class_is_taken_for_which_and_the_reliability(run):
    page = (run[0] / "report.html").read_text()
    assert "What it predicts" in page
    assert "is versicolor" in page
    assert "said virginica" in page
    assert "probability told" in page
    assert "2400 steps, seed 0" in page


def test_the_saved_model_predicts_labels_and_knows_its_target(run, flowers):
    import pandas as pd

    model = load_fit(run[0])[1]
    frame = pd.read_csv(flowers)
    assert model.target_ == "species"
    assert (model.predict(frame.drop(columns="species")) == frame["species"]).mean() > 0.9


def test_a_target_of_numbers_keeps_them(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    path = tmp_path / "numbers.csv"
    rows = [f"{a},{b},{int(a > 0) * 3}" for a, b in x]
    path.write_text("\n".join(["a,b,kind", *rows]))
    found = fit("tabpfn", str(path), options={"target": "kind", "ensemble": 1})
    assert found.model.classes_.tolist() == [0, 3]
    assert found.scores["model"]["AUC"] > 0.9


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({}, OptionError, "predicts one column: name it with --set target=COLUMN; there are sepal length"),
        ({"target": "specis"}, UnknownVariableError, "Did you mean 'species'"),
        ({"target": "petal width (cm)"}, DataError, "cut it into bins"),
        ({"target": "species", "ensemble": 0}, OptionError, "ensemble is at least 1"),
        ({"target": "species", "depth": 3}, OptionError, "no option 'depth'"),
    ],
)
def test_what_it_cannot_predict_is_refused(flowers, options, error, said):
    with pytest.raises(error, match=said):
        fit("tabpfn", str(flowers), options=options)


def test_a_target_with_missing_labels_and_a_table_of_the_target_alone_are_refused(tmp_path):
    (tmp_path / "gaps.csv").write_text(
        "a,kind\n" + "\n".join(f"{k}.5,{'' if k == 3 else 'xy'[k % 2]}" for k in range(40))
    )
    with pytest.raises(DataError, match="'kind' is missing in 1 of 40 rows"):
        fit("tabpfn", str(tmp_path / "gaps.csv"), options={"target": "kind"}, test_share=0)
    (tmp_path / "alone.csv").write_text("kind\n" + "\n".join("xy"[k % 2] for k in range(40)))
    with pytest.raises(DataError, match="has no column but 'kind'"):
        fit("tabpfn", str(tmp_path / "alone.csv"), options={"target": "kind"})


def test_do_is_refused_with_the_reason(run):
    answer = CliRunner().invoke(app, ["do", str(run[0]), "do(species=setosa)"])
    assert answer.exit_code != 0
    with pytest.raises(Exception, match=r"answers no do\(\.\.\.\)"):
        find_method("tabpfn").counterfactual(None, None, None)


def test_columns_of_text_are_numbered_when_asked_for_and_rows_of_a_new_class_are_left_out_of_the_score(tmp_path):
    rng = np.random.default_rng(1)
    rows = [f"{rng.normal():.3f},{'red' if k % 2 else 'blue'},{'yes' if k % 2 else 'no'}" for k in range(60)]
    path = tmp_path / "text.csv"
    path.write_text("\n".join(["a,colour,kind", *rows]))
    with pytest.raises(DataError, match="there is text in 'colour'"):
        fit("tabpfn", str(path), options={"target": "kind"})
    found = fit("tabpfn", str(path), options={"target": "kind", "categories": "ordinal", "ensemble": 1})
    assert found.scores["model"]["accuracy"] == 1.0
    other = found.fresh.rows.drop(["kind"]).with_columns({"kind": ["maybe"] * len(found.fresh)})
    from dataclasses import replace

    strange = replace(found.fresh, rows=other)
    assert found.method.score(found.model, found.data, strange) == {}
    assert "None of the rows" in found.method.pictures(found.model, strange)[0].html()
