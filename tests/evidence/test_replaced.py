"""Rows that were judged once and are no more stay with their last value."""

import json
from dataclasses import replace

import pytest

from aitia.evidence import Evidence, Replaced, Row, Summary, no_more_asked, row
from aitia.workflow.told import marks

ARMS = {"R": [0.5, 0.4, 0.5], "Q": [0.2, 0.3, 0.1]}
OLD = row("a", "score", [0.9, 0.8, 0.85], bar=0.7, baselines=ARMS, ahead_of={"R": 0.1, "Q": 0.0})
DAY = "2026-01-01"


def test_a_judged_row_that_is_gone_is_kept_and_a_reported_one_is_not():
    other = row("b", "score", [1.0, 2.0], bar=0.5)
    assert no_more_asked([OLD], DAY, (), [other]) == (Replaced(OLD, DAY),)
    assert no_more_asked([row("a", "told", [1.0])], DAY, (), [other]) == ()
    assert no_more_asked([OLD], DAY, (), [OLD, other]) == ()


@pytest.mark.parametrize(
    ("now", "bar", "ahead"),
    [
        (replace(OLD, bar=0.8), 0.7, {}),
        (replace(OLD, ahead_of={"R": 0.1}), None, {"Q": 0.0}),
        (replace(OLD, ahead_of={"R": 0.2, "Q": 0.0}), None, {"R": 0.1}),
        (replace(OLD, bar=None, ahead_of={}), 0.7, {"R": 0.1, "Q": 0.0}),
        (replace(OLD, direction="lower"), 0.7, {"R": 0.1, "Q": 0.0}),
        (replace(OLD, kind="ratio"), 0.7, {"R": 0.1, "Q": 0.0}),
        (replace(OLD, statistic="median"), 0.7, {"R": 0.1, "Q": 0.0}),
    ],
)
def test_only_the_comparisons_that_are_made_no_more_are_kept(now, bar, ahead):
    (old,) = no_more_asked([OLD], DAY, (), [now])
    assert (old.row.bar, dict(old.row.ahead_of), set(old.row.arms)) == (bar, ahead, set(ahead))
    assert old.row.values == OLD.values


def test_what_was_replaced_before_stays_until_it_is_asked_again():
    now = [replace(OLD, bar=0.8, ahead_of={})]
    first = no_more_asked([OLD], DAY, (), now)
    second = no_more_asked(now, "2026-02-02", first, [row("b", "other", [1.0], bar=0.5)])
    assert [(old.date, old.row.bar) for old in second] == [(DAY, 0.7), ("2026-02-02", 0.8)]
    (left,) = no_more_asked([], "2026-03-03", second, [OLD])
    assert (left.date, left.row.bar) == ("2026-02-02", 0.8)


def test_a_row_of_means_is_the_same_whatever_its_kind():
    mean = Row("a", "score", "higher", (), bar=0.7, summary=Summary(0.9, 3, {}, True))
    assert no_more_asked([mean], DAY, (), [replace(OLD, kind="share")]) == ()
    assert no_more_asked([mean], DAY, (), [replace(OLD, bar=0.8)]) == (Replaced(mean, DAY),)
    assert no_more_asked([replace(mean, summary=Summary(0.9, 3, {}, False))], DAY, (), []) == ()


def test_it_is_stored_read_back_and_told_with_value_interval_verdict_and_date():
    mean = Row("c", "old", "higher", (), bar=0.7, summary=Summary(0.9, 3, {}, True))
    kept = Evidence("toy", (), "c", {}, "here", 1.0, "later", replaced=no_more_asked([OLD, mean], DAY, (), []))
    assert Evidence.from_json(kept.to_json()) == kept
    assert json.loads(kept.to_json())["replaced"][0]["row"]["values"] == [0.9, 0.8, 0.85]
    assert marks(kept) == [
        "replaced: (a) score, asked ≥ 0.7: holds when last measured 2026-01-01, 0.850 [0.726, 0.974], 3 seeds",
        "replaced: (a) score, asked ahead of R by more than 0.1: holds when last measured 2026-01-01, "
        "0.383 [0.312, 0.455] ahead",
        "replaced: (a) score, asked ahead of Q by more than 0: holds when last measured 2026-01-01, "
        "0.650 [0.321, 0.979] ahead",
        "replaced: (c) old, asked ≥ 0.7: ungraded when last measured 2026-01-01, 0.900 (3 seeds, no values)",
    ]
