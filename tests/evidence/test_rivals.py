"""Who matches ours, and whether a claim holds for its swap, on rows made up for it."""

from aitia.evidence import Summary, matched_by, row, swap_holds
from aitia.evidence.rows import Row

GOOD, SAME, BAD = [1.0, 1.1, 1.2, 1.1], [1.05, 1.0, 1.25, 1.1], [0.1, 0.2, 0.1, 0.2]


def lead(rival):
    return row("a", "score", GOOD, bar=0.9, baselines={"R": rival, "weak": BAD}, ahead_of={"R": 0.0, "weak": 0.5})


def test_a_rival_that_passes_all_but_itself_matches():
    assert matched_by([lead(SAME)]) == {"a": ("R",)}
    assert matched_by([lead(SAME), row("a", "told", BAD)]) == {"a": ("R",)}


def test_a_rival_that_we_are_ahead_of_or_that_fails_a_row_does_not_match():
    assert matched_by([lead([0.8, 0.9, 1.0, 0.9])]) == {}
    assert matched_by([lead([0.8, 1.3, 0.7, 1.4])]) == {}, "nobody is ahead, but R does not reach the bar"
    other = row("a", "error", BAD, direction="lower", bar=0.5, baselines={"R": GOOD})
    assert matched_by([lead(SAME), other]) == {}
    assert matched_by([lead(SAME), row("a", "error", BAD, direction="lower", bar=0.5)]) == {}, (
        "R was not measured there"
    )
    elsewhere = row("b", "error", BAD, direction="lower", bar=0.5)
    assert matched_by([lead(SAME), elsewhere]) == {"a": ("R",)}, "parts are matched one by one"


def test_a_rival_that_differences_are_taken_from_matches_as_well():
    zero = row("a", "gain", [0.1, -0.1, 0.0, 0.02], kind="difference", against="R", bar=0.0)
    score = row("a", "score", GOOD, bar=0.9, baselines={"R": SAME})
    assert matched_by([zero, score]) == {"a": ("R",)}
    clear = row("a", "gain", [0.1, 0.12, 0.11, 0.1], kind="difference", against="R", bar=0.05)
    assert matched_by([clear, score]) == {}


def test_the_claim_must_not_hold_for_its_swap():
    assert swap_holds([lead(BAD)], "R") is False
    assert swap_holds([row("a", "score", GOOD, bar=0.9, baselines={"R": SAME})], "R") is True
    both = [row("a", "score", GOOD, bar=0.9, baselines={"R": SAME}), row("a", "s", GOOD, bar=0.9, baselines={"R": BAD})]
    assert swap_holds(both, "R") is False


def test_the_swap_is_never_ahead_of_itself():
    assert swap_holds([row("a", "m", GOOD, baselines={"R": BAD}, ahead_of={"R": 0.0})], "R") is False
    gain = row("a", "gain", [0.1, 0.12, 0.11, 0.1], kind="difference", against="R", bar=0.05)
    ratio = row("a", "error / R", [0.5, 0.6, 0.55], kind="ratio", against="R", bar=0.8, direction="lower")
    assert swap_holds([gain], "R") is False
    assert swap_holds([ratio], "R") is False
    no_worse = row("a", "error / R", [0.5, 0.6, 0.55], kind="ratio", against="R", bar=1.05, direction="lower")
    assert swap_holds([no_worse], "R") is True, "to be no worse than R is nothing that R fails"


def test_only_rows_that_hold_for_ours_count_for_the_swap():
    lost = row("a", "score", BAD, bar=0.9, baselines={"R": BAD})
    assert swap_holds([lost], "R") is None
    assert swap_holds([lost, row("a", "s", GOOD, bar=0.9, baselines={"R": SAME})], "R") is True
    assert swap_holds([row("a", "score", GOOD, bar=0.9)], "R") is None, "the swap was not measured"


def test_rows_without_values_match_nobody():
    old = Row("a", "m", "higher", (), bar=0.5, ahead_of={"R": 0.0}, summary=Summary(0.6, 3, {"R": 0.7}, True))
    assert [j.verdict for j in old.judged] == ["ungraded", "ungraded"]
    assert matched_by([old]) == {}
    assert swap_holds([old], "R") is None
