"""What is looked at, and how it is split."""

import numpy as np
import pytest

from aitia.card import Card
from aitia.data.table import Table
from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.representations import Rows, rows_of, split_rows
from aitia.representations.roles import KNOWN, SEEN
from aitia.representations.rows import features_of
from aitia.system import Given

CARD = Card("toy", "t", ("A",), 2024, "v", "t", "s", "m:N", rows=("table", "clips"), takes={**SEEN, **KNOWN}, do="No.")


def given(rows, **roles):
    return Given.of(CARD, rows, **roles)


def test_the_views_of_an_id_are_never_on_both_sides_of_a_split():
    ids = np.arange(120) // 2
    data = Rows.of(given(rows_of(np.zeros((120, 2)), id=ids)))
    kept, held = data.split(0.3, seed=4)
    assert not set(kept.id) & set(held.id)
    assert len(kept) + len(held) == len(data)
    assert len(set(held.id)) == 18
    assert [part.tolist() for part in split_rows(data.id, 0.3, 4)] == [
        np.flatnonzero(np.isin(data.id, part.id)).tolist() for part in (kept, held)
    ]
    with pytest.raises(DataError, match="one id only"):
        split_rows(["a"] * 4, 0.5)
    with pytest.raises(OptionError, match="between 0 and 1"):
        split_rows([1, 2], 1.0)


def test_other_numbers_of_rows_are_refused():
    with pytest.raises(DataError, match="differ in length"):
        rows_of(np.zeros((20, 2)), domain=["a"] * 19)


def test_large_ids_stay_apart():
    rows = rows_of(np.zeros((3, 2)), {"a": [1.5, 2.5, 3.5], "id": [12345678.0, 12345679.0, 0.5]})
    assert len(np.unique(Rows.of(given(rows, truth=["a"])).id)) == 3


def test_all_numbers_without_a_role_are_looked_at_and_labels_are_true_variables():
    rows = Table.of({"u": [0.1, 0.2], "v": [0.3, 0.1], "mass": [2.5, 1.5], "kind": ["a", "b"], "env": ["p", "q"]})
    bare = given(rows)
    assert features_of(bare) == ("u", "v", "mass")
    named = given(rows, truth="mass")
    assert features_of(named) == ("u", "v")
    seen = Rows.of(given(rows, feature=["u"], angle="v"))
    assert seen.labels.names == ("v", "mass", "kind")
    assert seen.angles == ("v",)
    assert list(seen.domain) == ["p", "q"]
    assert seen.x.tolist() == np.float32([[0.1], [0.2]]).tolist()
    with pytest.raises(OptionError, match="no column of numbers to look at"):
        features_of(given(rows.select(["kind"])))
    with pytest.raises(UnknownVariableError, match="'regoin'"):
        given(rows, domain="regoin")


def test_grey_pictures_are_seen_as_coloured_ones():
    rows = Table.of({"image": np.zeros((4, 8, 8, 1), np.uint8), "mass": [1.5, 2.5, 3.5, 4.5]})
    seen = Rows.of(given(rows))
    assert seen.shape == (8, 8, 3)
    assert seen.labels.names == ("mass",)


def test_a_row_that_holds_no_number_is_named():
    x = np.zeros((9, 4, 2))
    x[5, 1, 0] = np.inf
    with pytest.raises(DataError, match="row 5 of the data holds a value that is no finite number"):
        Rows.of(given(rows_of(x)))
