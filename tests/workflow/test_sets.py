"""Populations from the command line: what is asked of a table, scores beside baselines, and what a row keeps."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from aitia.cli import app
from aitia.do import Intervention
from aitia.errors import DataError, OptionError
from aitia.workflow import Source, find_method, fit

OPTIONS = {"steps": 150, "batch": 8, "points": 16, "width": 32, "latents": 4, "learning_rate": 5e-3}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Twelve populations whose means are alike and whose spreads differ."""
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame(rng.normal(size=(120, 2)) * scale, columns=["x", "y"]).assign(
            clone=f"c{k}", count=rng.integers(0, 4, 120)
        )
        for k, scale in enumerate(np.geomspace(0.2, 5, 12))
    ]
    path = tmp_path_factory.mktemp("sets") / "cells.csv"
    pd.concat(parts).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def found(table, tmp_path_factory):
    return fit(
        "gde", Source(str(table), environment="clone"), options=OPTIONS, out=tmp_path_factory.mktemp("run") / "run"
    )


def test_drawn_populations_are_nearer_than_all_together_and_than_moved_means(found):
    scores = {who: row["SW2 over floor"] for who, row in found.scores.items()}
    assert scores["model"] < 0.7 * min(scores["all sets together"], scores["moved to the mean"])


def test_a_row_keeps_its_noise_whichever_rows_it_is_asked_with(found):
    do = Intervention({"clone": "c11"})
    together = found.method.counterfactual(found.model, found.data.take([3, 8, 5]), do)
    alone = found.method.counterfactual(found.model, found.data.take([8]), do)
    names = found.model.columns
    assert np.allclose(together.matrix(names)[1], alone.matrix(names)[0])
    assert set(together.labels("clone")) == {"c11"}


def test_the_vector_of_a_row_is_that_of_its_set_or_of_the_one_it_is_moved_to(found):
    rows = found.data.take([0, 500])
    own = found.method.latents(found.model, rows, Intervention())
    moved = found.method.latents(found.model, rows, Intervention({"clone": "c3"}))
    assert np.allclose(own.matrix(own.names)[1], found.model.vector(str(rows.labels[1])))
    assert np.allclose(moved.matrix(moved.names), found.model.vector("c3"))


def test_the_report_shows_the_map_drawn_rows_and_distances(found):
    page = (found.path / "report.html").read_text()
    for part in ("first component of z", "drawn from the vector", "Distances of the vectors of the sets"):
        assert part in page


def test_tables_that_tell_no_sets_apart_are_refused(table, tmp_path):
    with pytest.raises(OptionError, match=r"say which column tells them apart \(--environment\); there are x, y"):
        fit("gde", Source(str(table)), options=OPTIONS)
    one = pd.read_csv(table).assign(clone="a")
    one.to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(OptionError, match=r"compares sets of rows: .* has only 'a'"):
        fit("gde", Source(str(tmp_path / "one.csv"), environment="clone"), options=OPTIONS)
    texts = pd.read_csv(table).assign(doctor="Dr. A")
    texts.to_csv(tmp_path / "texts.csv", index=False)
    with pytest.raises(DataError, match=r"column 'doctor' holds labels such as 'Dr\. A': leave it out"):
        fit("gde", Source(str(tmp_path / "texts.csv"), environment="clone"), options=OPTIONS)


def test_an_unknown_population_is_refused_with_those_that_there_are(found):
    answer = CliRunner().invoke(app, ["do", str(found.path), "do(clone=c99)"])
    assert answer.exit_code != 0
    assert "'clone' is set to one of c0, c1" in str(answer.exception) + answer.output


def test_the_measures_say_what_a_drawn_set_is_held_against():
    measures = find_method("gde").measures
    assert [m.name for m in measures] == ["SW2 over floor", "SW2"]
    assert all(m.better == "lower" for m in measures)
