"""The report: strips of counterfactual pictures with the truth under them, and how well pictures come back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.report import Block, Callout, TableBlock, Text
from aitia.representations.picture_judge import judged
from aitia.representations.picture_page import blocks as strips
from aitia.system import Given, Scores

if TYPE_CHECKING:
    from aitia.systems.causal_diffae.model import CausalDiffae

__all__ = ["blocks", "judged_few"]

JUDGED, BACK, LISTED = 64, 2, 8
"""Rows that are judged, moved back and forth, and listed: every answer is two runs of all steps."""


def judged_few(model: "CausalDiffae", fresh: Given, seen: Given) -> Scores:
    """The scores of `aitia.representations.picture_judge` on the first rows."""
    return judged(model, fresh.take(range(min(JUDGED, len(fresh)))), seen, BACK)


def blocks(model: "CausalDiffae", given: Given) -> Sequence[Block]:
    """Rows that the fit has not seen, under `do` on each cause; then their inversions."""
    rows = given.take(range(min(JUDGED, len(given))))
    told = model.inversion(rows)
    error, usual = told.column("error"), told.labels("usual")
    bound = max(model.bound.values())
    made: list[Block] = [
        Text(
            f"Counterfactuals are approximate. With nothing done, a picture comes back within {bound:.3g} of full "
            f"brightness (mean over its pixels), by the held out picture that did worst; of {len(rows)} rows here the "
            f"median is {np.median(error):.3g}."
        ),
        *strips(model, given),
    ]
    worst = np.argsort(-error, kind="stable")[:LISTED]
    cells: list[list[object]] = [[f"row {k}", f"{error[k]:.3g}", usual[k]] for k in worst.tolist()]
    made.append(TableBlock(["row", "error", "usual"], cells, "The rows that come back worst, drawn again."))
    if (odd := int((usual == "no").sum())) > 0.15 * len(rows):
        made.append(
            Callout(
                (
                    f"{odd} of {len(rows)} rows come back worse than 95 % of the held out pictures do: they are not in "
                    "the range that the model knows, and answers on them are weak.",
                ),
                "warning",
            )
        )
    return made
