"""What is said beside verdicts: that a few seeds cannot make a share hold, and one seed nothing."""

import pytest

from aitia.evidence import Evidence, row
from aitia.evidence.intervals import wilson
from aitia.workflow.told import marks


def told(*rows):
    return marks(Evidence("some", rows, "c", {}, "here", 1.0, "2026-01-01", source="s"))


def test_a_share_over_one_seed_needs_more():
    (sentence,) = told(row("a", "order recovered", [1.0], kind="share", bar=0.5))
    assert sentence == (
        "(a) order recovered is a share over seeds and needs more of them: one seed has no interval, and 0.5 is "
        "asked; take at least 4 (--seeds 4)"
    )
    assert wilson(3, 3).low < 0.5 <= wilson(4, 4).low


@pytest.mark.parametrize(("seeds", "bar", "direction", "need"), [(3, 0.7, "higher", 9), (2, 0.3, "lower", 9)])
def test_so_does_a_share_over_too_few(seeds, bar, direction, need):
    (sentence,) = told(row("b", "kept", [1.0] * seeds, kind="share", bar=bar, direction=direction))
    assert f"were it so in all {seeds}, its interval" in sentence
    assert sentence.endswith(f"{bar:g} is asked; take at least {need} (--seeds {need})")
    assert told(row("b", "kept", [1.0] * need, kind="share", bar=bar, direction=direction)) == []


def test_a_number_of_one_seed_has_no_interval():
    assert told(row("a", "error", [0.2], bar=0.5, direction="lower")) == [
        "one seed has no interval, so that no number can hold or fail: take at least 5 (--seeds 5)"
    ]
    assert told(row("a", "error", [0.2, 0.3], bar=0.5, direction="lower")) == []
    assert told(row("a", "error", [0.2])) == [], "nothing is asked of it"
