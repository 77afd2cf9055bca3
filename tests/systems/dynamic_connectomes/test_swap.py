"""The claim does not hold for clustering of the static correlation in the place of the motifs."""

import importlib

from aitia.evidence import swap_holds

claim = importlib.import_module("aitia.systems.dynamic_connectomes.claim")


def test_the_rows_of_groups_do_not_hold_for_static_correlation(development):
    # On seed 1000 one motif of three is missed, so that three seeds with it tell nothing.
    rows = claim._part_a(development(3, first_seed=1001).over_seeds("abc", claim._groups, 3))
    assert any(j.verdict == "holds" for row in rows for j in row.judged)
    assert swap_holds(rows, claim.CLAIM.swap) is False
