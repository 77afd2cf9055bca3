"""Pages with pictures: what is read against the parser of the standard library, and the sentence of every fault."""

import base64
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.columns.picture import png
from aitia.data.read import read
from aitia.data.reading.pages import Tag, parsed
from aitia.errors import DataError, FormatError

EXPECTED = {"document": "text", "alt": "text", "image": "picture", "title": "text"}
GREY = np.full((4, 4, 3), 100, dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    for name in ("a.png", "b c.png"):
        (tmp_path / "pictures" / name).write_bytes(png(GREY + 10 * len(name)))
    return tmp_path


def pages(folder, **texts):
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return read(folder, expected=EXPECTED).known


def test_what_the_first_picture_and_link_say_moves_into_columns_and_all_else_stays(folder):
    page = (
        '<h1>A &amp; B</h1>\n<script>x="<img>"</script><IMG class=big ALT="one\'s" src=pictures/a.png> '
        '<a href="q" title="Q">q</a>.'
    )
    table = pages(folder, one_html=page, two_html="<p>nothing to see</p>")
    assert table.names == ("file", "document", "alt", "image", "title")
    assert table.texts("document")[0] == page.replace('"one\'s"', '""').replace("pictures/a.png", '""').replace(
        '"Q"', '""'
    )
    assert table.texts("document")[1] == "<p>nothing to see</p>"
    assert list(table.labels("alt")) == ["one's", None]
    assert list(table.labels("title")) == ["Q", None]
    assert table.absent("image").tolist() == [False, True]
    assert np.array_equal(table.take([0]).pictures("image")[0], GREY + 50)


def test_a_page_of_several_pictures_is_a_row_for_each(folder):
    page = '<p>x</p><img src="pictures/a.png" alt="first"><p>y</p><img src="pictures/b%20c.png"><p>z</p>'
    table = pages(folder, one_html=page)
    assert list(table.labels("part")) == ["1", "2"]
    assert table.texts("document") == ['<p>x</p><img src="" alt="">', '<p>y</p><img alt="" src=""><p>z</p>']
    assert list(table.labels("alt")) == ["first", None]


@pytest.mark.parametrize(
    ("tag", "blank"),
    [
        ('<img title="say alt=x" ALT=\'y\' src="pictures/a.png"/>', '<img title="say alt=x" ALT="" src=""/>'),
        ("<img data-src=q\n src = pictures/a.png>", '<img alt="" data-src=q\n src="">'),
        ('<img alt src="pictures/a.png">', '<img alt="" src="">'),
    ],
)
def test_an_attribute_is_left_blank_and_none_that_looks_like_it(folder, tag, blank):
    assert pages(folder, one_html=f"<p>{tag}</p>").texts("document") == [f"<p>{blank}</p>"]


def test_markdown_is_turned_into_the_same(folder):
    text = '# A head\n\nsome [link](there "Its Title") and\n![a cat](pictures/a.png)\n\nend'
    table = pages(folder, one_md=text)
    assert table.texts("document")[0].split("\n") == [
        "<h1>A head</h1>", "", '<p>some <a title="">link</a> and', '<img alt="" src="">', "</p>", "<p>end</p>",
    ]  # fmt: skip
    assert (table.labels("alt")[0], table.labels("title")[0]) == ("a cat", "Its Title")


def test_a_picture_inside_of_a_page_is_read(folder):
    inside = "data:image/png;base64," + base64.b64encode(png(GREY)).decode()
    table = pages(folder, one_html=f'<img src="{inside}">', two_html='<img src="pictures/a.png">')
    assert np.array_equal(table.pictures("image"), [GREY, GREY + 50])


def test_one_page_is_a_table_of_one_row(folder):
    (folder / "one.html").write_text('<img src="pictures/a.png">', encoding="utf-8")
    assert len(read(folder / "one.html", expected=EXPECTED)) == 1


def test_who_does_not_ask_for_documents_reads_words_and_pictures_as_before(folder):
    (folder / "pictures" / "a.png").unlink()
    (folder / "pictures" / "b c.png").unlink()
    (folder / "one.html").write_text('<p>words</p><img src="gone.png">', encoding="utf-8")
    assert read(folder, expected={"text": "text"}).known.texts("text") == ["words"]


@pytest.mark.parametrize(
    ("page", "error", "told"),
    [
        ('<p>\n<img src="gone.png">', DataError, r"one\.html, line 2: the picture 'gone\.png' is not there"),
        ('<img src="https://x.org/a.png">', DataError, "line 1: the picture 'https://x.org/a.png' is not a file"),
        ('<img src="data:image/png;base64,AAAA">', FormatError, r"one\.html, line 1: what is inside src is no image"),
        ('<img src="data:image/png;base64,A=A">', FormatError, r"one\.html, line 1.* cannot be read"),
        ("<div> </div>", DataError, r"one\.html is empty"),
    ],
)
def test_a_fault_names_page_and_line(folder, page, error, told):
    with pytest.raises(error, match=told):
        pages(folder, one_html=page)


class Words(HTMLParser):
    def __init__(self):
        super().__init__()
        self.said, self.tags = "", []

    def handle_data(self, data):
        self.said += data

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))


PIECES = st.sampled_from(
    [
        "word",
        " two ",
        "\n",
        "&amp;",
        "<p>",
        "</p>",
        '<img alt="x y" src="">',
        "<br/>",
        "<!-- no -->",
        "<a title='t'>",
        "</a>",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_tags_and_texts_are_those_of_the_standard_library_and_stand_where_they_say(page):
    words = Words()
    words.feed(page)
    words.close()
    found = parsed(page)
    assert "".join(one for one in found if isinstance(one, str)) == words.said
    opened = [one for one in found if isinstance(one, Tag) and one.opens]
    assert [(tag.name, list(tag.attributes)) for tag in opened] == words.tags
    assert all(page[tag.start : tag.stop].startswith(f"<{tag.name}") and page[tag.stop - 1] == ">" for tag in opened)
