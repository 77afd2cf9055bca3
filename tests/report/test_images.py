"""Grids of images: every cell where it belongs, at its own colours."""

import io

import numpy as np
from PIL import Image

from aitia.report import ImageBlock, image_grid

RED, BLUE = (np.full((8, 8, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def share(page, colour):
    return (np.abs(page - colour).sum(-1) == 0).mean()


def test_cells_stand_in_their_columns_and_rows():
    page = opened(image_grid([[RED, BLUE], [BLUE, None]], ["fact", "do(x=1)\nmodel"], ["row 3", "row 17"]))
    left, right = page[:, :-100], page[:, -100:]
    assert share(left[:-104], [200, 0, 0]) > 0.2
    assert share(left[-100:], [0, 0, 200]) > 0.2
    assert share(right[:-104], [0, 0, 200]) > 0.2
    assert share(right[-100:], [0, 0, 200]) == 0


def test_small_images_are_enlarged_by_a_whole_factor():
    page = opened(image_grid([[RED]], ["fact"], ["row 0"]))
    assert (np.abs(page - [200, 0, 0]).sum(-1) == 0).sum() == 96 * 96


def test_a_long_heading_is_broken_before_it_widens_its_column():
    short = opened(image_grid([[RED]], ["do(shadow_length=0.24)\ntruth"], ["row 0"]))
    assert short.shape[1] < 170


def test_the_page_holds_the_picture_itself():
    html = ImageBlock(image_grid([[RED]], ["a"], ["b"]), 'c & "d"').html()
    assert 'src="data:image/png;base64,' in html
    assert "c &amp; " in html
