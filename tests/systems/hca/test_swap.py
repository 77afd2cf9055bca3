"""The claim does not hold for ICA-LiNGAM on pooled rows in the place of HCA."""

import importlib
from functools import partial

from aitia.evidence import swap_holds

claim = importlib.import_module("aitia.systems.hca.claim")


def test_the_rows_of_the_order_do_not_hold_for_pooled_lingam(development):
    rows = claim._part_a({"laplace": development(6).over_seeds("laplace", partial(claim._world, "laplace"), 6)})
    assert any(j.verdict == "holds" and j.rival == claim.CLAIM.swap for row in rows for j in row.judged)
    assert swap_holds(rows, claim.CLAIM.swap) is False
