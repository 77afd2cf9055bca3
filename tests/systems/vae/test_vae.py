"""The plain VAE: what it sees and refuses."""

import numpy as np
import pytest

from aitia.errors import DataError, OptionError
from aitia.representations import rows_of
from aitia.systems.vae import VAE

QUICK = {"latents": 3, "steps": 30, "batch": 16, "width": 4, "hidden": 16, "learning_rate": 3e-3}


def test_a_value_that_is_no_number_is_named_by_its_row():
    x = np.zeros((20, 3))
    x[7, 1] = np.nan
    with pytest.raises(DataError, match="row 7 of the data holds a value that is no finite number"):
        VAE().fit(rows_of(x))
    model = VAE(**QUICK).fit(np.random.default_rng(0).normal(size=(120, 5)))
    with pytest.raises(DataError, match="row 0"):
        model.encode(rows_of(np.full((1, 5), np.nan)), feature=[f"x{k}" for k in range(1, 6)])


@pytest.mark.parametrize("shape", [(8,), (8, 8, 8, 8), (0, 3)])
def test_what_is_neither_image_nor_vector_nor_clip_is_refused(shape):
    with pytest.raises(DataError):
        VAE().fit(np.zeros(shape))


def test_images_that_are_not_square_or_of_an_odd_side_are_refused():
    with pytest.raises(DataError, match="images are square"):
        VAE(**QUICK).fit(np.zeros((20, 8, 16, 3), np.uint8))
    with pytest.raises(OptionError, match="a power of two"):
        VAE(**QUICK).fit(np.zeros((20, 12, 12, 3), np.uint8))


def test_a_common_scale_keeps_small_columns_small():
    x = np.random.default_rng(0).normal(size=(200, 2)) * [10.0, 0.1]
    each, common = (VAE(**QUICK, scale=scale).fit(x)._net.vae.scale.spread for scale in ("each", "common"))
    assert each[0] > 50 * each[1]
    assert common[0] == common[1]
    with pytest.raises(OptionError, match="scale is each or common"):
        VAE(scale="none")


def test_a_weight_that_is_negative_is_refused():
    with pytest.raises(OptionError, match="kl_weight"):
        VAE(kl_weight=-1)


def test_an_edit_keeps_what_other_latents_hold():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(600, 2))
    x = np.column_stack([z[:, :1] @ np.ones((1, 3)), z[:, 1:] @ np.ones((1, 3))]) + 0.05 * rng.normal(size=(600, 6))
    model = VAE(latents=2, steps=600, batch=64, hidden=32, learning_rate=5e-3).fit(x)
    codes = model.codes(x)
    k = int(np.abs(np.corrcoef(codes.T, z[:, 0])[2, :2]).argmax())
    moved = model.do({f"z{k + 1}": 0.0}).edit(x).matrix()
    back = model.decode(codes)
    assert np.abs(moved - back).max() > 0.5
    assert ((back - x) ** 2).mean() < 0.1 * x.var(), "what is decoded is the row, nearly"
    still = model.decode(np.where(np.arange(2) == k, 0.0, codes))
    assert np.array_equal(moved, still)
