"""TDRL: its lagged graph, and what it refuses."""

import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.systems.tdrl import TDRL

QUICK = {"latents": 3, "steps": 30, "batch": 16, "width": 4, "hidden": 16, "learning_rate": 3e-3}


def clips(seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(120, 6, 2)) * (1.0 + np.arange(120) % 4)[:, None, None]
    return np.tanh(z @ rng.normal(size=(2, 5)))


def test_clips_that_are_too_short_are_refused():
    with pytest.raises(DataError, match="tdrl with 6 lags needs clips of more frames, got 6"):
        TDRL(**QUICK, lags=6).fit(clips())


@pytest.mark.parametrize("wrong", [{"lags": 0}, {"threshold": 0.0}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        TDRL(**wrong)


def test_the_graph_of_the_fit_is_kept_and_that_of_other_clips_is_read_anew(tmp_path):
    model = TDRL(**QUICK, threshold=1e-9).fit(clips())
    assert not model.influence(clips()).within.any()
    assert model.graph.nodes == ("z1[t-1]", "z2[t-1]", "z3[t-1]", "z1[t]", "z2[t]", "z3[t]")
    model.save_pretrained(tmp_path)
    again = TDRL.from_pretrained(tmp_path)
    assert again.graphs() == model.graphs() == model.graphs(clips())
    assert np.array_equal(again.influence(clips()).lagged, again._influence.lagged)
    assert not np.array_equal(model.influence(clips(1)).lagged, model._influence.lagged)
    held = model.do(z1=0.0)
    assert np.array_equal(held.influence(clips()).lagged, model._influence.lagged), "the graph is not that under do"
    with pytest.raises(OptionError, match="call fit first"):
        TDRL().graphs()
