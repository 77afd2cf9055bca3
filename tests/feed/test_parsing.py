"""Feeds as they are written out there, and files that attack who reads them."""

import json
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.feed.feeds import ATOM_HEAD, atom, entry

from aitia.errors import FormatError
from aitia.feed import atom_feed, parse_feed
from aitia.feed.dates import date_of
from aitia.feed.items import item_id
from aitia.feed.plain import inert, plain, sentences, web_link

NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)
ARXIV_API = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">arXiv Query: search_query=all:causal</title>
<entry><id>http://arxiv.org/abs/2401.01234v2</id><updated>2024-03-04T10:00:00Z</updated>
<published>2024-01-02T18:00:01Z</published><title>Latent
  Causes of $x$</title><summary>  We show that
causes &amp; effects x &lt; y.
</summary><author><name>Ada Byron</name></author><author><name>Emmy Noether</name></author>
<link href="http://arxiv.org/abs/2401.01234v2" rel="alternate" type="text/html"/>
<link title="pdf" href="http://arxiv.org/pdf/2401.01234v2" rel="related"/></entry></feed>"""
ARXIV_RSS = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
<channel><title>stat.ML updates on arXiv.org</title><link>http://rss.arxiv.org/rss/stat.ML</link>
<item><title>Latent Causes</title><link>https://arxiv.org/abs/2401.01234</link>
<description>arXiv:2401.01234v1 Announce Type: new
Abstract: We show causes.</description><guid isPermaLink="false">oai:arXiv.org:2401.01234v1</guid>
<pubDate>Mon, 30 Nov 2026 00:00:00 -0500</pubDate><dc:creator>Ada Byron, Emmy Noether</dc:creator></item>
</channel></rss>"""
RSS1 = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/">
<channel rdf:about="https://j.example/"><title>Annals</title></channel>
<item rdf:about="https://j.example/7"><title>On trees</title><link>https://j.example/7</link>
<dc:date>2026-10-01</dc:date><dc:creator>A. Byron</dc:creator><dc:creator>E. Noether</dc:creator>
<prism:doi>10.1214/26-AOS1</prism:doi><description>&lt;p&gt;Of &lt;i&gt;trees&lt;/i&gt;.&lt;/p&gt;</description></item>
</rdf:RDF>"""
JSON = {
    "version": "https://jsonfeed.org/version/1.1", "title": "Notes",
    "items": [
        {"id": 7, "url": "/n/7", "title": "On loops", "content_html": "<p>Loops <b>end</b>.</p>",
         "date_published": "2026-11-01T10:00:00+02:00", "authors": [{"name": "Ada"}]},
        {"id": "8", "content_text": "A note without title. It goes on.", "author": {"name": "Emmy"}},
    ],
}  # fmt: skip


def parsed(data, base="https://a.example/feed"):
    return parse_feed(data if isinstance(data, bytes) else data.encode(), "the feed", NOW, base)


def test_atom_of_arxiv():
    (item,) = parsed(ARXIV_API).items
    assert item.id == "arxiv:2401.01234"
    assert item.title == "Latent Causes of $x$"
    assert item.abstract == "We show that causes & effects x < y."
    assert item.authors == ("Ada Byron", "Emmy Noether")
    assert (item.published, item.updated) == ("2024-01-02", "2024-03-04")
    assert item.link == "http://arxiv.org/abs/2401.01234v2"


def test_rss_of_arxiv_is_the_same_paper():
    (item,) = parsed(ARXIV_RSS).items
    assert item.id == "arxiv:2401.01234"
    assert item.abstract == "We show causes."
    assert item.authors == ("Ada Byron", "Emmy Noether")
    assert item.published == "2026-11-30"


def test_rss_1_of_a_journal():
    found = parsed(RSS1)
    assert found.title == "Annals"
    (item,) = found.items
    assert item.id == "doi:10.1214/26-aos1"
    assert item.abstract == "Of trees."
    assert item.authors == ("A. Byron", "E. Noether")
    assert item.published == "2026-10-01"


def test_json_feed():
    found = parsed(json.dumps(JSON))
    one, two = found.items
    assert (one.title, one.abstract, one.link) == ("On loops", "Loops end.", "https://a.example/n/7")
    assert (one.published, one.authors) == ("2026-11-01", ("Ada",))
    assert (two.title, two.abstract) == ("A note without title.", "A note without title. It goes on.")
    assert found.told == ["1 of the feed have no date and get that on which they came"]


def test_our_own_atom_is_read_back():
    items = [*parsed(ARXIV_API).items, *parsed(RSS1).items]
    again = parsed(atom_feed(items, "Papers", "https://group.example/papers/feed.atom", NOW))
    assert again.items == items
    assert again.title == "Papers"
    assert parsed(atom_feed([], "None", "https://group.example/f", NOW)).items == []


def test_relative_links_go_on_from_the_nearest_base():
    text = ATOM_HEAD + ('<entry xml:base="deep/"><title>One</title><link href="../x"/></entry>'
                        '<entry><title>Two</title><link href="y"/></entry></feed>')  # fmt: skip
    assert [item.link for item in parsed(text).items] == ["https://journal.example/x", "https://journal.example/y"]


def test_a_link_that_is_no_page_is_dropped():
    for bad in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://a b", 'https://a"onclick='):
        assert web_link(bad) == ""
    assert parsed(atom(entry("One", link="javascript:alert(1)"))).items[0].link == ""


def test_dates_that_are_missing_or_to_come_are_told():
    found = parsed(atom(entry("One", date=""), entry("Two", date="soon"), entry("Three", date="2031-01-01T00:00:00Z")))
    assert [item.published for item in found.items] == ["", "", "2026-11-30"]
    assert found.told == [
        "2 of the feed have no date and get that on which they came",
        "1 of the feed have a date in the future, which becomes today's",
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-30T23:30:00-02:00", "2026-12-01"),
        ("2026-11", "2026-11-01"),
        ("2026", "2026-01-01"),
        ("2026-11-30T06:00:00.123Z", "2026-11-30"),
        ("Mon, 30 Nov 2026 23:30:00 EST", "2026-12-01"),
        ("30 Nov 26 06:00 GMT", "2026-11-30"),
        ("yesterday", None),
        ("", None),
        ("99999-01-01", None),
        ("0000-00-00", None),
        ("Mon, 99 Nov 2026 23:30:00 GMT", None),
    ],
)
def test_dates(text, day):
    found = date_of(text)
    assert (found and found.strftime("%Y-%m-%d")) == day


def test_two_of_one_name_are_one_and_what_a_source_calls_them_does_not_matter():
    once, again = (parsed(atom(f"<entry><title>A  title</title><id>{k}</id></entry>")).items[0] for k in (1, 2))
    assert once.id == again.id
    found = parsed(atom(entry("A title", "first"), entry("A Title!", "second")))
    assert [item.abstract for item in found.items] == ["first"]
    assert "1 of the feed say what one before them is and are left out" in found.told


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("https://doi.org/10.1000/ABC.1?x=2", "doi:10.1000/abc.1"),
        ("doi:10.48550/arXiv.2401.01234", "arxiv:2401.01234"),
        ("https://arxiv.org/pdf/math.ST/0301001v3", "arxiv:math.st/0301001"),
        ("oai:arXiv.org:2401.01234v1", "arxiv:2401.01234"),
    ],
)
def test_names(told, name):
    assert item_id("x", told) == name


def test_an_entry_without_title_or_text_is_counted():
    found = parsed(atom(entry("One"), "<entry><id>2</id></entry>"))
    assert len(found.items) == 1
    assert "1 of the feed have neither title nor text and are left out" in found.told


def test_markup_of_titles_is_gone():
    text = ATOM_HEAD + (
        '<entry><title type="html">A &lt;b&gt;bold&lt;/b&gt; &lt;script&gt;x()&lt;/script&gt;claim</title></entry>'
        '<entry><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Some <i>italics</i></div></title></entry>'
        "<entry><title>x &lt; y and y &gt; z</title></entry></feed>"
    )
    assert [item.title for item in parsed(text).items] == ["A bold claim", "Some italics", "x < y and y > z"]


def test_a_feed_without_entries_is_one():
    assert parsed(atom()).items == []


BAD = [
    (b"", "is empty"),
    (b" \n ", "is empty"),
    (b"hello", "neither XML nor JSON"),
    (b"\x89PNG\r\n", "neither XML nor JSON"),
    (b"<html><body/></html>", "is a web page"),
    (b"<!DOCTYPE html><html></html>", "is a web page"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "begins with <svg>"),
    (b"<rss><channel>", "no well-formed XML .line 1, column 15: no element found"),
    (b"<rss><channel></rss>", "mismatched tag"),
    (b"<rss>&nbsp;</rss>", "undefined entity"),
    (b'<?xml version="1.0" encoding="utf-8"?><rss>\xff</rss>', "not well-formed"),
    (b'<?xml version="1.0" encoding="klingon"?><rss/>', "encoding that is not known"),
    (b"{", "not valid JSON"),
    (b"{}", "is JSON and no JSON Feed"),
    (b'{"version": "https://jsonfeed.org/version/1.1", "items": [1]}', "a list of objects"),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
    (b"<rss>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</rss>", "nested too deeply"),
]


@pytest.mark.parametrize(("data", "said"), BAD)
def test_what_is_no_feed_is_told(data, said):
    with pytest.raises(FormatError, match=said):
        parsed(data)


ENTITIES = '<!DOCTYPE rss [<!ENTITY a "{}">]><rss><channel><title>{}</title></channel></rss>'
LAUGHS = "<!DOCTYPE rss [" + '<!ENTITY a0 "ha">' + "".join(
    f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 10)) + "]><rss>&a9;</rss>"  # fmt: skip
ATTACKS = {
    "billion laughs": LAUGHS,
    "quadratic blow-up": ENTITIES.format("x" * 200_000, "&a;" * 60),
    "a file": '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><channel><title>&a;</title></channel></rss>',
    "the net": '<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/x.dtd"><rss/>',
    "parameters": '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><rss/>',
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252"])
@pytest.mark.parametrize("name", ATTACKS)
def test_a_document_type_is_not_read_in_any_encoding(name, encoding):
    head = "" if encoding == "utf-8" else f'<?xml version="1.0" encoding="{encoding}"?>'
    tracemalloc.start()
    with pytest.raises(FormatError, match="document type declaration"):
        parsed((head + ATTACKS[name]).encode(encoding))
    assert tracemalloc.get_traced_memory()[1] < 3e6
    tracemalloc.stop()


def test_encodings_are_what_the_file_says():
    text = '<?xml version="1.0" encoding="{}"?><rss><channel><item><title>Für α</title></item></channel></rss>'
    for name in ("utf-8", "utf-16"):
        assert parsed(text.format(name).encode(name)).items[0].title == "Für α"
    latin = text.format("windows-1252").replace("α", "€").encode("windows-1252")
    assert parsed(latin).items[0].title == "Für €"


def test_a_hundred_thousand_entries_are_read_and_no_more():
    data = (ATOM_HEAD + "".join(f"<entry><title>T{k}</title></entry>" for k in range(100_002)) + "</feed>").encode()
    found = parsed(data)
    assert len(found.items) == 100_000
    assert "2 of the feed are behind the first 100,000 and left out" in found.told


def test_titles_and_abstracts_end_somewhere():
    (item,) = parsed(atom(entry("t" * 10_000, "a" * 100_000))).items
    assert (len(item.title), len(item.abstract)) == (500, 20_000)


@given(st.text())
def test_plain_text_is_one_line_without_what_turns_it(text):
    for kept in (inert(text), plain(text)):
        assert kept == " ".join(kept.split())
        assert not set(kept) & set("\r\n\x00\x1b\u202e\u2066\u200b\ufeff")
    assert inert(inert(text)) == inert(text)


@given(st.text(alphabet="<>/!-?&;abscript =\"'"))
def test_no_markup_breaks_the_reader(text):
    assert isinstance(plain(text), str)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_feed_or_a_sentence(data):
    for begun in (data, b"<rss>" + data, b"{" + data):
        with suppress(FormatError):
            assert isinstance(parsed(begun).items, list)


@given(st.lists(st.sampled_from(["One e.g. two.", "Why?", "J. Doe said so.", "No end"]), max_size=5))
def test_sentences_hold_all_that_was_there(parts):
    text = " ".join(parts)
    assert " ".join(sentences(text)) == text
