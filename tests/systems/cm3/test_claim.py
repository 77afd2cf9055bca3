"""The claim at a tiny size: every row has its arms, and what is measured is right where the answer is known."""

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.systems.cm3 import Cm3, claim, measuring
from aitia.systems.cm3.measuring import Pages


@pytest.fixture
def tiny(monkeypatch):
    for name, value in {"PAGES": 600, "ASKED": 6, "STEPS": 2, "BATCH": 4}.items():
        monkeypatch.setattr(claim, name, value)


def test_every_row_has_its_arms_and_the_control_its_metrics(tiny):
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("abcdeeffg")
    assert rows.pop().note.startswith("Not run here: needs MS-COCO")
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows)
    assert claim.CLAIM.swap in rows[0].arms
    shuffled, exchanged = (set(control.values) for control in context.controls)
    assert exchanged == {claim.KEPT}
    assert shuffled | exchanged == {row.metric for row in rows}
    assert context.controls[1].values[claim.KEPT] < 0.98
    assert rows[-1].values == (1.0, 1.0)


class Knows(Cm3):
    """Says and draws what it is told."""

    def predict(self, rows, **asked):
        return self.told


def test_who_is_always_right_scores_one_and_who_says_another_class_none():
    pages = Pages(40, 5, lambda there: there["picture"])
    model = Knows(patch=4, codes=128, steps=1, width=16, layers=1, shift=0, device="cpu").fit(pages.rows)
    model.told = pages.rows
    assert measuring.captioned(model, pages) == 1.0
    digit = pages.sample["digit"]
    assert measuring.drawn(model, pages, 0, lambda seen: digit) == 1.0
    assert measuring.drawn(model, pages, 0, lambda seen: (digit + 1) % 10) == 0.0


def test_a_reader_reads_pictures_of_codes_far_better_than_chance():
    pages = Pages(300, 5, lambda there: there["picture"], "train")
    asked = Pages(100, 6, lambda there: there["picture"])
    model = Cm3(patch=4, codes=128, steps=1, width=16, layers=1, shift=0, device="cpu").fit(pages.rows)
    seen = model.pictures.drawn(model.pictures.codes(asked.rows.pictures("image")))
    assert (measuring.reader(model)(seen) == asked.sample["digit"]).mean() > 0.6


def test_shuffled_pages_keep_their_words_and_their_numbers_of_pictures_and_titles():
    rows = Pages(60, 3, lambda there: there["picture"] | there["link"], "train").rows
    mixed = measuring.shuffled(rows, 0)
    assert mixed.texts("document") == rows.texts("document")
    assert mixed.texts("alt") == rows.texts("alt")
    assert sorted(mixed.texts("title")) == sorted(rows.texts("title"))
    assert np.array_equal(mixed.absent("title"), rows.absent("title"))
    assert np.array_equal(mixed.absent("image"), rows.absent("image"))
    one, other = (sorted(image.tobytes() for image in held.pictures("image")) for held in (rows, mixed))
    assert one == other
    assert mixed.texts("title") != rows.texts("title")
