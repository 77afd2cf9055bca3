"""Time-contrastive learning: segments of a clip."""

import numpy as np
import pytest
import torch

from aitia.errors import DataError, OptionError
from aitia.systems.tcl import TCL, TCLConfig
from aitia.systems.tcl.model import _Segments


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


@torch.no_grad()
def test_frames_of_a_segment_stand_side_by_side_and_the_contrast_is_their_cross_entropy():
    torch.manual_seed(0)
    net, x = _Segments((3,), TCLConfig(latents=2, hidden=4, segments=3, contrast=2.0)), torch.randn(5, 7, 3)
    torch.manual_seed(1)
    told = float(net(x)["contrast"])
    torch.manual_seed(1)
    _, q = net.vae.posterior(x)
    share = net.classifier(q.z).softmax(-1)
    segment = [0, 0, 0, 1, 1, 2, 2]  # thirds of seven frames
    likely = [share[clip, frame, segment[frame]].log() for clip in range(5) for frame in range(7)]
    assert told == pytest.approx(-2.0 * float(torch.stack(likely).mean()), rel=1e-5)
