"""One `map`: order, independence of jobs, and resume."""

from math import factorial

import pytest

from aitia.engine import LocalEngine
from aitia.errors import OptionError


def square(x):
    return x * x


def test_results_come_in_order_whatever_the_jobs():
    assert (
        LocalEngine(1).map(factorial, range(7)) == LocalEngine(2).map(factorial, range(7)) == [1, 1, 2, 6, 24, 120, 720]
    )


def test_stored_items_are_not_computed_again():
    store = {"a": "kept"}
    results = LocalEngine().map(square, [2, 3], keys=["a", "b"], store=store)
    assert results == ["kept", 9]
    assert store == {"a": "kept", "b": 9}


def test_an_interrupted_map_keeps_what_was_finished():
    store = {}

    def fail_at_two(x):
        if x == 2:
            raise KeyboardInterrupt
        return x

    with pytest.raises(KeyboardInterrupt):
        LocalEngine().map(fail_at_two, range(4), keys=list("abcd"), store=store)
    assert store == {"a": 0, "b": 1}
    assert LocalEngine().map(square, range(4), keys=list("abcd"), store=store) == [0, 1, 4, 9]


def test_progress_counts_to_the_end():
    seen = []
    LocalEngine().map(square, range(3), progress=lambda *report: seen.append(report), what="squares")
    assert seen == [("squares", i, 3) for i in range(4)]


def test_a_store_needs_distinct_keys():
    with pytest.raises(OptionError, match="one distinct key for each of 2 items"):
        LocalEngine().map(square, [1, 2], keys=["a", "a"], store={})


def test_zero_jobs_are_refused():
    with pytest.raises(OptionError, match="got 0"):
        LocalEngine(0)
