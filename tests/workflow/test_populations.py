"""Hierarchical component analysis from the command: what it is scored by, what it answers, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from aitia.do import Intervention
from aitia.errors import DataError, OptionError
from aitia.workflow import Source, fit
from aitia.worlds import CapabilitiesWorld

OPTIONS = {"draws": 20, "resamples": 0, "starts": 3, "least_rows": 60}


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """Four groups of a known world, and a fifth that is too small to have weights."""
    world = CapabilitiesWorld()
    sample = world.sample(480, seed=0)
    x = world.render(sample)
    labels = np.array([str(label) for label in sample.labels], dtype=object)
    labels[:5] = "tiny"
    path = tmp_path_factory.mktemp("scores") / "scores.csv"
    columns = {f"score {k}": x[:, k] for k in range(x.shape[1])} | {"base": labels}
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def found(scores):
    return fit("hca", Source(str(scores), environment="base"), options=OPTIONS)


def test_it_is_ahead_of_groups_that_have_nothing_to_do_with_each_other(found):
    assert found.scores["model"]["inexactness"] < found.scores["unrelated groups (median)"]["inexactness"]
    assert found.scores["model"]["explained"] > 0.95
    assert any(note.startswith("tiny was left out: ") for note in found.training.notes)


def test_every_row_is_answered_by_the_weights_of_its_own_group(found):
    rows = found.data.take(np.flatnonzero(np.isin(found.data.labels, found.model.groups_))[:40])
    do = Intervention.parse("do(z1=shift(2))")
    answer = found.method.counterfactual(found.model, rows, do).matrix(found.model.columns_)
    for k, group in enumerate(rows.labels.tolist()):
        own = found.model.counterfactual(rows.rows.take([k]).select(found.model.columns_), do, group=group)
        assert np.allclose(answer[k], own[0])


def test_a_row_of_a_group_without_weights_is_refused_with_the_reason(found):
    lone = found.data.take(np.flatnonzero(found.data.labels == "tiny"))
    with pytest.raises(DataError, match=r"row 0 is of 'tiny', which has no weights: .*fewer than 60; ask for rows of"):
        found.method.counterfactual(found.model, lone, Intervention(z1=0.0))


def test_tables_without_groups_or_with_too_few_columns_are_refused(scores):
    with pytest.raises(OptionError, match=r"say which column tells them \(--environment\)"):
        fit("hca", Source(str(scores)), options=OPTIONS)
    with pytest.raises(OptionError, match="6 latents need more than 6 columns of numbers"):
        fit("hca", Source(str(scores), environment="base"), options={**OPTIONS, "factors": 6})
