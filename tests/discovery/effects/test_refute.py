"""Sensitivity beside the numbers that were published, and refutations of effects that are there and that are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.discovery import estimate_effect
from aitia.discovery.effects.refute import e_value, sensitivity
from aitia.graph import Graph


def test_the_numbers_of_darfur():
    # Cinelli and Hazlett (2020), table 1: estimate .097, standard error .023, t 4.18, 783 degrees of freedom.
    found = sensitivity(4.184, 783)
    assert round(found.partial_r2, 3) == 0.022
    assert round(found.robustness, 3) == 0.139
    assert round(found.robustness_significance, 3) == 0.076


@given(st.floats(0.1, 50), st.integers(10, 5000))
def test_a_hidden_cause_as_strong_as_the_robustness_value_takes_the_coefficient_to_zero(t, freedom):
    # Equation 12: |bias| = se sqrt(df) sqrt(R2_y R2_d / (1 - R2_d)), with both R2 equal to RV.
    rv = sensitivity(t, freedom).robustness
    assert np.sqrt(freedom) * np.sqrt(rv * rv / (1 - rv)) == pytest.approx(t, rel=1e-6)
    assert sensitivity(t, freedom).robustness_significance <= rv
    assert sensitivity(-t, freedom) == sensitivity(t, freedom)


def test_the_robustness_value_of_what_explains_all_of_the_outcome_is_all():
    # (1) as it stands is the difference of two numbers of size f^4 and gives -5e11 here.
    assert sensitivity(1e12, 898).robustness == 1
    assert sensitivity(0.0, 898).robustness == 0


def test_e_values_are_those_of_the_paper():
    # VanderWeele and Ding (2017): risk ratio 3.9 with interval 1.8 to 8.7 has E-values 7.2 and 3.0.
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value(1.8) == pytest.approx(3.0, abs=0.005)
    assert e_value(0.5) == e_value(2.0) == pytest.approx(2 + 2**0.5)
    assert e_value(1.0) == 1


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    z = rng.normal(size=500)
    x = z + rng.normal(size=500)
    w = rng.integers(0, 2, 500)
    label = (rng.random(500) < 0.3 + 0.3 * w).astype(int)
    return Table.of({"z": z, "x": x, "y": 0.5 * x - z + rng.normal(size=500), "w": np.array(["no", "yes"])[w],
                     "label": np.array(["no", "yes"])[label]})  # fmt: skip


def named(found):
    return {line.name: line for line in found.refutations}


def test_an_effect_that_is_there_stands(rows):
    found = estimate_effect(Graph("z -> x -> y <- z"), rows, "x=1", "y", against="x=0", resamples=60, refute=True)
    tried = named(found)
    assert set(tried) == {"placebo treatment", "random common cause", "subsets", "unobserved confounder", "E-value"}
    placebo = tried["placebo treatment"]
    assert placebo.passed
    assert placebo.values["reached"] == 0
    assert abs(placebo.values["mean"]) < 3 * placebo.values["sd"]
    assert tried["random common cause"].values["moved"] < 0.02
    assert tried["subsets"].values["least"] < found.estimate < tried["subsets"].values["most"]
    X = np.column_stack([np.ones(500), rows.column("z"), rows.column("x")])
    residual = rows.column("y") - X @ np.linalg.lstsq(X, rows.column("y"), rcond=None)[0]
    error = np.sqrt(residual @ residual / 497 * np.linalg.inv(X.T @ X)[2, 2])
    by_hand = sensitivity(found.estimate / error, 497)
    assert tried["unobserved confounder"].values["robustness_value"] == pytest.approx(by_hand.robustness, rel=1e-6)
    risk = np.exp(0.91 * found.estimate / rows.column("y").std())
    assert tried["E-value"].values["e_value"] == pytest.approx(e_value(risk), rel=1e-6)
    assert "Refutations:" in found.lines()
    assert {line["name"] for line in found.to_json()["refutations"]} == set(tried)


def test_an_effect_that_is_none_is_reached_by_placebos(rows):
    graph = Graph("w -> x")
    found = estimate_effect(graph, rows, "w=yes", "x", against="w=no", resamples=40, refute=True)
    assert named(found)["placebo treatment"].values["reached"] > 0.05
    assert named(found)["E-value"].values["e_value_interval"] == 1


def test_the_e_value_of_a_label_is_that_of_its_risk_ratio(rows):
    found = estimate_effect(Graph("w -> label"), rows, "w=yes", "label", against="w=no", resamples=40, refute=True)
    line = named(found)["E-value"]
    assert line.values["e_value"] == pytest.approx(e_value(found.mean / found.mean_against), rel=1e-9)
    assert 1 < line.values["e_value_interval"] < line.values["e_value"]


def test_what_has_no_one_estimate_is_not_refuted(rows):
    found = estimate_effect(Graph("x --- y"), rows, "x=1", "y", against="x=0", resamples=5, refute=True)
    assert found.refutations == ()
    assert "--refute tried nothing: there is no one estimate" in found.warnings
