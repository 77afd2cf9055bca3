"""Which rows a fit does not see, where rows are taken in time."""

import numpy as np
import pytest

from aitia.card import Card, Role
from aitia.errors import OptionError
from aitia.system import Given
from aitia.workflow.held_out import held_out

TIMED = Card(
    slug="toy", title="T", authors=("A",), year=2020, venue="V", task="t", source="s", home="model:Toy",
    do="Nothing: a toy.",
    takes={"time": Role("any"), "series": Role("label", needed=False), "x": Role("number")},
)  # fmt: skip
ROWS = {"day": [3.0, 1, 2, 0, 4, 0, 1, 2, 3, 4], "of": ["a"] * 5 + ["b"] * 5, "x": np.arange(10.0)}


def test_of_rows_in_time_the_last_of_each_series_are_held_out():
    seen, fresh = held_out(Given.of(TIMED, ROWS, time="day", series="of"), 0.4, 0)
    assert fresh.table.column("x").tolist() == [0, 4, 8, 9]
    assert seen.table.column("x").tolist() == [1, 2, 3, 5, 6, 7]


@pytest.mark.parametrize(("share", "sentence"), [(1, "between 0 and 1, got 1"), (0.99, "leaves none to fit on")])
def test_a_share_that_leaves_nothing_is_refused(share, sentence):
    with pytest.raises(OptionError, match=sentence):
        held_out(Given.of(TIMED, ROWS, time="day", series="of"), share, 0)
