"""The contrast between views: its pairs, and what views tell."""

import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.representations import Rows, rows_of
from aitia.stats.metrics import r2
from aitia.systems.multi_view import MultiView


def test_the_pairs_of_the_multi_view_contrast_are_two_views_of_one_id():
    x = np.arange(30.0)[:, None] // 3 + np.tile([0.0, 0.1, 0.2], 10)[:, None]
    shuffled = np.random.default_rng(0).permutation(30)
    data = Rows(x[shuffled], id=(shuffled // 3).astype(str))
    batches = MultiView(batch=8)._batches(data)
    for step in range(20):
        one, other = batches(step, 0, 1)
        assert np.array_equal(np.floor(one.numpy()), np.floor(other.numpy()))
        assert not bool((one == other).any())


def test_views_of_too_few_ids_to_hold_any_out_are_refused():
    x, ids = np.random.default_rng(0).normal(size=(40, 3)), [0, 0, *range(1, 39)]
    with pytest.raises(DataError, match="multi-view needs views of more ids: no id of"):
        MultiView(latents=3, steps=30, batch=16).fit(rows_of(x, id=ids))


def test_two_views_of_a_thing_tell_what_they_share():
    rng = np.random.default_rng(0)
    shared, own = rng.normal(size=(1500, 2)), rng.normal(size=(3000, 2))
    x = np.column_stack([np.repeat(shared, 2, axis=0), own]) @ rng.normal(size=(4, 6))
    data = rows_of(x, id=np.arange(3000) // 2)
    codes = MultiView(latents=4, steps=500, learning_rate=3e-3, temperature=0.2).fit(data).codes(data)
    assert r2(np.repeat(shared, 2, axis=0), codes).value > 0.9
    assert r2(own, codes).value < 0.3


def test_a_temperature_that_is_not_positive_is_refused():
    with pytest.raises(OptionError, match="temperature"):
        MultiView(temperature=0)
