"""The claim does not hold for boosted trees in the place of the network."""

import aitia.systems.tabpfn.claim as tabpfn
from aitia.evidence import in_place_of_ours
from aitia.systems.tabpfn.claim_rivals import LINEAR


def test_the_row_of_few_training_rows_does_not_hold_for_boosted_trees(development, monkeypatch):
    swap = tabpfn.CLAIM.swap
    monkeypatch.setattr(tabpfn, "RIVALS", (LINEAR, swap))  # the other two take most of the time
    (row,) = tabpfn.CLAIM.cheapest(development(2))
    assert row.ours > row.baselines[swap] + row.ahead_of[swap]
    assert in_place_of_ours(row, swap).holds is False
