"""A run and its answers read no picture that a page names outside of its folder."""

import base64

import numpy as np
import pytest

from aitia.data.columns.picture import png
from aitia.data.read import read
from aitia.errors import DataError
from aitia.system import systems
from aitia.workflow.loading import load_run
from aitia.workflow.pages import check_pages
from aitia.workflow.run import fit

PAGED = next(slug for slug, entry in systems().items() if {"document", "image"} <= set(entry.card.takes))
"""A system that reads pages."""
EXPECTED = {"document": "text", "alt": "text", "image": "picture", "title": "text"}
DOT = png(np.random.default_rng(0).integers(0, 255, (4, 4, 3), dtype=np.uint8))
INSIDE = "data:image/png;base64," + base64.b64encode(DOT).decode()


@pytest.fixture
def home(tmp_path):
    """A folder of pages with pictures of their own, and one beside it that is nobody's."""
    (tmp_path / "secret.png").write_bytes(DOT)
    home = tmp_path / "pages"
    (home / "sub").mkdir(parents=True)
    (home / "a.png").write_bytes(DOT)
    return home


def written(home, name, text):
    (home / name).write_text(text, encoding="utf-8")
    return read(home, expected=EXPECTED)


def test_pictures_of_the_folder_are_read_wherever_the_page_lies(home):
    written(home, "one.html", '<p>x</p><img src="a.png"><img alt="none">')
    written(home, "two.md", "# x\n\n![y](a.png) and [z](../elsewhere.html)\n")
    written(home, "sub/three.html", f'<img src="../a.png"><img src="{INSIDE}">')
    check_pages(read(home, expected=EXPECTED), home)
    check_pages(None, home)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("one.html", '<p>x</p>\n<img alt="y" src="../secret.png">', 2),
        ("one.html", f'<img src="{INSIDE}">\n<img src="a.png">\n<img src="../secret.png">', 3),
        ("one.html", "<img src='%2e%2e/secret.png?x=1'>", 1),
        ("one.md", "# x\n\n![y]( ../secret.png 'z')\n", 3),
        ("one.md", '# x\n\n<img src="../secret.png">\n', 3),
        ("sub/one.htm", '<img src="../../secret.png">', 1),
        ("one.html", '<img src="link.png">', 1),
        ("one.html", '<img src="{}">', 1),
    ],
)
def test_a_picture_from_elsewhere_is_refused_with_page_and_line(home, name, text, line):
    (home / "link.png").symlink_to(home.parent / "secret.png")
    table = written(home, name, text.replace("{}", str(home.parent / "secret.png")))
    for source in (home, home / name) if "/" not in name else (home,):
        with pytest.raises(DataError, match=rf"{name}, line {line}: the picture .* lies outside of {home}: put it"):
            check_pages(table, source)


def test_neither_a_run_nor_a_prediction_reads_one(home, tmp_path):
    for k in range(12):
        (home / f"{k}.html").write_text(f'<p>x {k}</p><img alt="y {k}" src="a.png">', encoding="utf-8")
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "one.html").write_text('<p>x</p><img alt="y" src="../secret.png">', encoding="utf-8")
    small = {"steps": 1, "width": 16, "layers": 1, "codes": 2, "shift": 0}
    with pytest.raises(DataError, match=r"one\.html, line 1: the picture '\.\./secret\.png' lies outside of"):
        fit(PAGED, str(bad), **small)
    fit(PAGED, str(home), out=str(tmp_path / "run"), test_share=0.25, **small)
    loaded = load_run(tmp_path / "run")
    assert len(loaded.given(str(home)).given) == 12
    for source in (bad, bad / "one.html"):
        with pytest.raises(DataError, match=r"lies outside of"):
            loaded.given(str(source))
