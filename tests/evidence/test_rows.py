"""Laws of the verdict, and what a row refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import OptionError
from aitia.evidence import Interval, judge, row, tally

VALUES = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=2, max_size=12)
RANK = {"fails": 0, "open": 1, "holds": 2}


@given(values=VALUES, bars=st.tuples(st.floats(-200, 200), st.floats(-200, 200)))
def test_a_harder_bar_is_never_passed_better(values, bars):
    easy, hard = (row("a", "m", values, bar=bar).judged[0].verdict for bar in sorted(bars))
    assert RANK[hard] <= RANK[easy]


@given(values=VALUES, bar=st.floats(-200, 200))
def test_the_mirror_image_has_the_same_verdict(values, bar):
    seen = row("a", "m", values, bar=bar).judged[0]
    mirrored = row("a", "m", [-x for x in values], bar=-bar, direction="lower").judged[0]
    near = min(abs(end - bar) for end in seen.interval) < 1e-9  # rounding may tip what lies on the bar
    assert near or seen.verdict == mirrored.verdict
    assert seen.interval.low == pytest.approx(-mirrored.interval.high, abs=1e-9)


@given(ours=VALUES, shift=st.floats(-50, 50))
def test_what_ours_and_a_rival_gain_together_changes_nothing(ours, shift):
    rival = [x / 2 for x in ours]
    one, other = (
        row("a", "m", [x + by for x in ours], baselines={"R": [x + by for x in rival]}, ahead_of={"R": 1.0}).judged[0]
        for by in (0.0, shift)
    )
    assert one.middle == pytest.approx(other.middle, abs=1e-9)
    assert one.interval == pytest.approx(other.interval, abs=1e-9)


@given(values=st.lists(st.floats(0.01, 100), min_size=2, max_size=12), bar=st.floats(0.01, 100))
def test_a_ratio_turned_over_has_the_same_verdict(values, bar):
    seen = row("a", "m", values, kind="ratio", bar=bar).judged[0]
    turned = row("a", "m", [1 / x for x in values], kind="ratio", bar=1 / bar, direction="lower").judged[0]
    near = min(abs(end / bar - 1) for end in seen.interval) < 1e-9
    assert near or seen.verdict == turned.verdict


@pytest.mark.parametrize(
    ("values", "higher", "lower"),
    [
        ([1.0, 1.1, 1.2, 1.1, 1.0], "holds", "fails"),
        ([0.9, 1.0, 1.2, 1.3, 0.8], "open", "open"),  # the mean 1.04 is on the right side, the interval crosses
        ([0.2, 0.3, 0.1, 0.2, 0.2], "fails", "holds"),
    ],
)
def test_the_whole_interval_is_judged_and_not_the_mean(values, higher, lower):
    assert row("a", "m", values, bar=0.95).judged[0].verdict == higher
    assert row("a", "m", values, bar=0.95, direction="lower").judged[0].verdict == lower


def test_a_bar_is_reached_but_a_rival_has_to_be_exceeded():
    tie = Interval(0.0, 0.0)
    assert judge(tie, 0.0, "higher") == judge(tie, 0.0, "lower") == "holds"
    assert judge(tie, 0.0, "higher", beyond=True) == "open"
    assert judge(None, 0.0, "higher") == "open"


def test_a_row_holds_where_the_bar_and_every_rival_are_passed():
    ours, arms = [1.0, 1.1, 1.2, 1.1], {"coin": [0.5] * 4, "strong": [1.0, 1.2, 1.1, 1.1], "only told": [9.0]}
    r = row("a", "m", ours, bar=0.8, baselines=arms, ahead_of={"coin": 0.3, "strong": 0.0})
    assert [(j.rival, j.verdict) for j in r.judged] == [(None, "holds"), ("coin", "holds"), ("strong", "open")]
    assert (r.holds, r.seeds) == (False, 4)
    assert r.ours == pytest.approx(1.1)
    assert r.baselines["only told"] == 9.0
    assert row("a", "told", ours).holds is None


def test_verdicts_are_counted_in_words():
    assert tally(["holds", "open", "holds"]) == "holds 2, open 1"
    assert tally(["ungraded"] * 3) == "ungraded"
    assert tally([]) == "nothing is judged"


@pytest.mark.parametrize(
    ("values", "more", "sentence"),
    [
        ([float("nan")], {}, "numbers only"),
        ([1.0], {"baselines": {"R": [float("inf")]}}, "numbers only"),
        ([1.0], {"ahead_of": {"nobody": 1.0}}, "no baselines"),
        ([1.0, 2.0], {"baselines": {"R": [1.0]}, "ahead_of": {"R": 0.0}}, "seed by seed"),
        ([1.5], {"kind": "share"}, "between 0 and 1"),
        ([1.5], {"against": "R"}, "only differences and ratios"),
    ],
)
def test_a_row_without_sense_is_refused(values, more, sentence):
    with pytest.raises(OptionError, match=sentence):
        row("a", "score", values, **more)
