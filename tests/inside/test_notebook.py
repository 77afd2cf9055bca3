"""A notebook shows a trace, a study and a lens without a file: the picture, the table and what to keep in mind."""

import base64
import re
from html.parser import HTMLParser

import pytest
from tests.inside.test_pairs import SAME

from aitia.inside import logit_lens, trace_pairs, trace_prompt
from aitia.inside.report import strong_rows

PROMPT, OTHER = "the capital of France is", "the capital of Italy is"


class _Read(HTMLParser):
    """Rows of tables, and tags that were left open."""

    def __init__(self):
        super().__init__()
        self.open, self.rows = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("img", "br", "wbr"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "td" in self.open:
            self.rows[-1][-1] += data


def _read(html):
    found = _Read()
    found.feed(html)
    assert not found.open
    assert "<script" not in html
    for data in re.findall(r'src="([^"]*)"', html):
        assert base64.b64decode(data.removeprefix("data:image/png;base64,"))[:4] == b"\x89PNG"
    return found


@pytest.mark.parametrize("fast", [False, True])
def test_a_trace_shows_its_picture_and_its_strongest_sites(language, fast):
    found = trace_prompt(language, PROMPT, against=OTHER, answer="Paris", other="Rome", draws=2, strongest=3, fast=fast)
    html = found._repr_html_()
    seen = _read(html)
    assert seen.rows[1:] == strong_rows(found.strongest)
    assert html.count("<img") == 1
    assert ("that were patched too" in html) == fast


def test_a_trace_without_places_on_an_axis_has_no_picture(language):
    found = trace_prompt(
        language, PROMPT, sites=["transformer.h.1"], against=OTHER, answer="Paris", other="Rome", draws=2
    )
    assert "<img" not in found._repr_html_()


def test_a_study_and_a_lens_show_themselves(language):
    study = trace_pairs(language, SAME, strongest=4)
    seen = _read(study._repr_html_())
    assert [row[0] for row in seen.rows[1:]] == [place.site for place in study.strongest]
    lens = logit_lens(language, PROMPT)
    seen = _read(lens._repr_html_())
    assert [row[0] for row in seen.rows[1:]] == list(lens.layers)
