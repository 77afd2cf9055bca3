"""Pages of digits: read back by a parser that is not ours, and changed where they are set and nowhere else."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from aitia.worlds import DigitPagesWorld
from aitia.worlds.digit_pages import CUES, NAMES, PAIRS, SENSES
from aitia.worlds.digits import DIGITS, SLANTS, STROKES, digits

WORLD = DigitPagesWorld()


class Page(HTMLParser):
    """What the parser of the standard library sees of a page."""

    def __init__(self, text):
        super().__init__()
        self.found, self.tag = {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tag = tag
        if tag in ("img", "a"):
            self.found[tag] = dict(attrs)

    def handle_data(self, data):
        self.found[f"{self.tag} text"] = self.found.get(f"{self.tag} text", "") + data

    def handle_endtag(self, tag):
        self.tag = "after" if tag == "a" else self.tag


def pixels(src):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(src.removeprefix("data:image/png;base64,")))))


def test_all_that_a_page_says_is_true_of_its_picture_and_link():
    sample = WORLD.sample(300, seed=3)
    has = WORLD.elements(sample)
    seen = {"img": 0, "a": 0, "h1 text": 0}
    for row, text in enumerate(WORLD.render(sample)):
        page = Page(text).found
        fact = [of[int(sample[k][row])] for k, of in (("stroke", STROKES), ("slant", SLANTS), ("digit", DIGITS))]
        assert ("img" in page, "a" in page, "h1 text" in page) == tuple(
            bool(has[k][row]) for k in ("picture", "link", "heading")
        )
        for name in seen:
            seen[name] += name in page
        if "h1 text" in page:
            assert page["h1 text"] == fact[2]
        if "img" in page:
            assert page["img"]["alt"] == f"a {' '.join(fact)}"
        if has["sentence"][row]:
            assert " ".join(fact) in re.sub(r"<[^>]*>", " ", text)
        if "a" in page:
            name = int(sample["name"][row])
            sense = PAIRS[name][int(sample["sense"][row])]
            assert page["a"]["title"] == f"{NAMES[name]} {SENSES[sense]}"
            assert page["a text"] == NAMES[name]
            assert page["after text"].strip() in CUES[sense]
    assert min(seen.values()) > 100


def test_a_picture_is_one_of_its_part_with_these_facts_moved_by_a_pixel():
    for part in ("train", "test"):
        held, sample = digits(part), WORLD.sample(40, seed=5, env=part)
        for row, image in enumerate(WORLD.images(sample)):
            facts = tuple(int(sample[k][row]) for k in ("digit", "stroke", "slant"))
            pool = np.pad(held.images[held.having(*facts)], ((0, 0), (1, 1), (1, 1))).astype(int) * 255 // 16
            moved = [pool[:, a : a + 8, b : b + 8] for a in range(3) for b in range(3)]
            assert any((one == image[..., 0]).all(axis=(1, 2)).any() for one in moved)


def test_the_page_holds_the_very_picture():
    sample = WORLD.sample(60, seed=2)
    for row, (text, image) in enumerate(zip(WORLD.render(sample), WORLD.images(sample), strict=True)):
        if WORLD.elements(sample)["picture"][row]:
            assert np.array_equal(pixels(Page(text).found["img"]["src"]), image)


@pytest.mark.parametrize(("do", "tells"), [("stroke=thin", "thin"), ("slant=left", "left"), ("digit=two", "two")])
def test_a_fact_that_is_set_changes_what_says_it_and_the_picture_alone(do, tells):
    fact = WORLD.sample(80, seed=7)
    other = WORLD.counterfactual(fact, f"do({do})")
    name = do.split("=")[0]
    own = {"stroke": STROKES, "slant": SLANTS, "digit": DIGITS}[name]
    for row, (before, after) in enumerate(zip(WORLD.plain(fact), WORLD.plain(other), strict=True)):
        # The links name no strokes or digits, so one replacement of the word is all there is.
        assert after == re.sub(rf"\b{own[int(fact[name][row])]}\b", tells, before)
    same = fact[name] == other[name]
    pictures = (WORLD.images(fact) == WORLD.images(other)).all(axis=(1, 2, 3))
    assert pictures[same].all()
    assert pictures[~same].mean() < 0.1


def test_a_sense_that_is_set_leaves_the_picture():
    fact = WORLD.sample(80, seed=8)
    other = WORLD.counterfactual(fact, "do(sense=first)")
    assert np.array_equal(WORLD.images(fact), WORLD.images(other))
    has = WORLD.elements(fact)["link"]
    changed = np.array([a != b for a, b in zip(WORLD.plain(fact), WORLD.plain(other), strict=True)])
    assert np.array_equal(changed, has & (fact["sense"] == 1))


def test_every_sense_is_that_of_four_names_and_no_name_means_one_thing_twice():
    assert len(set(PAIRS)) == len(NAMES)
    assert all(a != b for a, b in PAIRS)
    assert [sum(k in pair for pair in PAIRS) for k in range(len(SENSES))] == [4] * 5


def test_rows_are_the_pages_with_blanks_and_what_stands_in_them():
    sample = WORLD.sample(50, seed=9)
    rows = WORLD.rows(sample).known
    has = WORLD.elements(sample)
    assert np.array_equal(~rows.absent("alt"), has["picture"])
    assert np.array_equal(~rows.absent("image"), has["picture"])
    assert np.array_equal(~rows.absent("title"), has["link"])
    for blank, alt, title, plain in zip(
        rows.texts("document"), rows.labels("alt"), rows.labels("title"), WORLD.plain(sample), strict=True
    ):
        filled = blank.replace('alt=""', f'alt="{alt}"').replace('title=""', f'title="{title}"')
        assert filled == plain


def test_every_word_of_a_page_is_in_the_vocabulary():
    said = {
        word
        for text in WORLD.plain(WORLD.sample(400))
        for word in re.sub(r'<[^>"]*>|<\w+|\w+=|[">]', " ", text).split()
    }
    assert said <= set(WORLD.vocabulary)
