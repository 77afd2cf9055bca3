"""The claim does not hold for units that the gradient chose in the place of those that interventions found."""

from aitia.evidence import swap_holds
from aitia.systems.path_interventions.claim import CLAIM


def test_the_rows_of_the_repair_do_not_hold_for_units_of_the_largest_product(development):
    rows = CLAIM.cheapest(development(3))
    closed = rows[0]
    assert [j.verdict for j in closed.judged if j.rival is None] == ["holds"]
    assert swap_holds(rows, CLAIM.swap) is False
