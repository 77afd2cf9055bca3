"""Strict F1 of spans against counting by hand, and its laws."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.reading.conll import spans_of_tags
from aitia.errors import DataError
from aitia.systems.sift.span_scores import span_f1

rows = st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(4, 6), st.sampled_from("ab"))), max_size=5)


@given(rows, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_it_is_what_counting_gives(true, random):
    found = [[span for span in row if random.random() < 0.5] + [(9, 10, "a")] for row in true]
    right = sum(span in set(a) for a, b in zip(true, found, strict=True) for span in set(b))
    said, there = sum(len(set(b)) for b in found), sum(len(set(a)) for a in true)
    score = span_f1(true, found)
    assert score.f1 == pytest.approx(2 * right / (said + there) if said + there else 0)
    assert score.precision == pytest.approx(right / said if said else 0)
    assert span_f1(true, true).f1 == (1.0 if there else 0.0)
    swapped = span_f1(found, true)
    assert (swapped.precision, swapped.recall, swapped.f1) == (score.recall, score.precision, score.f1)


def test_wrong_type_or_boundary_is_wrong():
    true = [[(0, 3, "a"), (4, 6, "b")]]
    assert span_f1(true, [[(0, 3, "b"), (4, 7, "b")]]).f1 == 0
    assert span_f1(true, [[(0, 3, "a"), (4, 6, "a")]], "a").precision == 0.5
    with pytest.raises(DataError, match="1 rows are held against those of 2"):
        span_f1(true, [[], []])


TRUE = "O O B-A I-A I-A O|B-A O O O B-A I-A|O O B-A I-A I-A B-A|O B-B I-B O O B-A"
FOUND = "O O B-A I-A I-A O|B-B O O O B-A I-A|O B-B I-B B-B I-B O|O B-B I-B O O O"
SEQEVAL = {None: (1 / 2, 3 / 7, 6 / 13), "A": (1.0, 1 / 3, 1 / 2), "B": (1 / 4, 1.0, 2 / 5)}
"""Precision, recall and F1 that seqeval 1.2.2 gave of these tags, in strict mode by IOB2; together, and by type."""


@pytest.mark.parametrize("kind", SEQEVAL)
def test_of_tags_it_is_what_seqeval_gives(kind):
    def spans(tags):
        return [spans_of_tags([*"abcdef"], row.split()) for row in tags.split("|")]

    score = span_f1(*([[(a, b, of) for a, b, of in row] for row in spans(tags)] for tags in (TRUE, FOUND)), kind)
    assert (score.precision, score.recall, score.f1) == pytest.approx(SEQEVAL[kind])
