"""A system that fits is left alone; each way of not fitting is named."""

import numpy as np
import pytest

from aitia.errors import DataError, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.scm import SCM, Gaussian, Linear, goodness_of_fit, random_dag, random_discrete_scm, random_linear_scm


def test_a_true_system_is_rarely_accused(mixed):
    found = goodness_of_fit(mixed, mixed.sample(1000, seed=8))
    assert found.fits, str(found)
    alarms = 0
    for seed in range(40):
        make = random_linear_scm if seed % 2 else random_discrete_scm
        scm = make(random_dag(4, 2, seed=seed), seed=seed)
        alarms += not goodness_of_fit(scm, scm.sample(300, seed=seed)).fits
    # At level 0.05, 40 honest systems give at most 6 alarms with probability 0.99.
    assert alarms <= 6


def test_a_bent_mechanism_is_named():
    x = np.random.default_rng(0).normal(size=800)
    data = {"x": x, "y": x**2 + 0.3 * np.random.default_rng(1).normal(size=800)}
    bent = goodness_of_fit(SCM.fit(Graph("x -> y"), data, mechanisms="linear"), data)
    assert not bent.fits
    assert bent.sentence.startswith("The noise of y depends on the parents")
    better = goodness_of_fit(SCM.fit(Graph("x -> y"), data), data)
    assert better.fits, str(better)
    assert better.variables[1].explained > 0.9


def test_a_wrong_noise_and_a_missing_cause_are_named():
    scm = SCM(Graph("x; y"), {"x": Linear(noise=Gaussian(1.0)), "y": Linear()})
    rng = np.random.default_rng(0)
    wide = goodness_of_fit(scm, {"x": 2 * rng.normal(size=500), "y": rng.normal(size=500)})
    assert wide.sentence == "The noise of x is not distributed as the system says."
    z = rng.normal(size=500)
    tied = goodness_of_fit(scm, {"x": z, "y": 0.6 * z + 0.8 * rng.normal(size=500)})
    assert tied.sentence.startswith("The noises of x and y are related")


def test_a_wrong_table_is_named_and_the_share_explained_is_that_of_the_log_loss():
    scm = SCM.from_tables(Graph("x -> y"), {"x": [0.5, 0.5], "y": [[0.9, 0.1], [0.1, 0.9]]})
    rows = scm.sample(2000)
    good = goodness_of_fit(scm, rows)
    assert good.fits
    # 1 - H(0.1) / log 2 with H(0.1) = 0.3251 nats.
    assert good.variables[1].explained == pytest.approx(1 - 0.3251 / np.log(2), abs=0.04)
    flat = SCM.from_tables(Graph("x -> y"), {"x": [0.5, 0.5], "y": [[0.5, 0.5], [0.5, 0.5]]})
    assert "depends on the parents" in goodness_of_fit(flat, rows).sentence


def test_it_prints_one_line_a_variable_and_a_verdict(mixed):
    lines = str(goodness_of_fit(mixed, mixed.sample(200))).splitlines()
    assert len(lines) == 2 + len(mixed.graph)
    assert lines[0].split() == ["variable", "mechanism", "rows", "explained", "p", "independence", "p", "distribution"]


def test_bad_tables_are_refused(mixed):
    rows = mixed.sample(200)
    with pytest.raises(UnknownVariableError):
        goodness_of_fit(mixed, rows.drop(["age"]))
    with pytest.raises(DataError, match="5 complete rows: at least 10"):
        goodness_of_fit(mixed, rows.take(np.arange(5)))
