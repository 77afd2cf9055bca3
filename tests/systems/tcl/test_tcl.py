"""Time-contrastive learning: segments of a clip."""

import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.systems.tcl import TCL


def test_clips_that_are_too_short_are_refused():
    with pytest.raises(DataError, match="clips of 6 frames cannot be cut into 7 segments"):
        TCL(segments=7).fit(np.random.default_rng(0).normal(size=(20, 6, 5)))


def test_options_out_of_range_are_refused():
    with pytest.raises(OptionError, match="segments"):
        TCL(segments=1)


def test_the_codes_tell_the_segment_where_the_clips_do():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4, 3)) + np.array([-2.0, -0.7, 0.7, 2.0])[None, :, None]
    model = TCL(latents=2, steps=400, batch=32, hidden=16, learning_rate=5e-3, contrast=1.0).fit(x)
    assert model.history.losses[-1]["contrast"] < 0.6 * np.log(4)
