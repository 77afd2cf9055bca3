"""Grids of images: every cell where it belongs, at its own colours."""

import io

import numpy as np
from PIL import Image

from aitia.report import ImageBlock, Picture, image_grid, narrow_grid

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


def test_a_wide_grid_has_bands_for_a_phone_that_each_begin_with_the_first_column():
    cells, heads = [[RED, *[BLUE] * 7]], ["fact", *[f"do(x={k})" for k in range(7)]]
    wide, narrow = opened(image_grid(cells, heads, ["row 0"])), opened(narrow_grid(cells, heads, ["row 0"]))
    assert wide.shape[1] > 358 >= narrow.shape[1]
    red, blue = ((np.abs(narrow - colour).sum(-1) == 0) for colour in ([200, 0, 0], [0, 0, 200]))
    bands = int((np.diff(red.any(axis=1).astype(int)) == 1).sum())
    assert 2 <= bands <= 7
    assert blue.sum() == 7 * 96 * 96
    assert red.sum() == bands * 96 * 96
    assert narrow_grid([[RED]], ["fact"], ["row 0"]) is None
    html = ImageBlock(b"wide", "c", narrow=b"narrow").html()
    assert html.index('media="(max-width:640px)" srcset="data:image/png;base64,') < html.index("<img ")


def test_a_picture_may_have_another_for_a_phone():
    html = Picture("<svg id='a'/>", "told", "<svg id='b'/>").html()
    assert html.index('class="desk"') < html.index("id='a'") < html.index('class="phone"') < html.index("id='b'")
    assert "phone" not in Picture("<svg/>").html()
