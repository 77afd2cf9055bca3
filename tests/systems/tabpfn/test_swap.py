"""The claim does not hold for boosted trees in the place of the network."""

from aitia.evidence import swap_holds
from aitia.systems.tabpfn.claim import CLAIM


def test_the_rows_of_few_training_rows_do_not_hold_for_boosted_trees(development):
    rows = CLAIM.cheapest(development(4))
    assert any(j.verdict == "holds" and j.rival == CLAIM.swap for row in rows for j in row.judged)
    assert swap_holds(rows, CLAIM.swap) is False
