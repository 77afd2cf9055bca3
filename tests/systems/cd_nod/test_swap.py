"""The claim does not hold for pooled PC in the place of CD-NOD."""

from aitia.evidence import swap_holds
from aitia.systems.cd_nod.claim import CLAIM


def test_the_rows_of_graphs_do_not_hold_for_pooled_pc(development):
    rows = CLAIM.cheapest(development(2))
    assert any(j.verdict == "holds" for row in rows for j in row.judged)
    assert swap_holds(rows, CLAIM.swap) is False
