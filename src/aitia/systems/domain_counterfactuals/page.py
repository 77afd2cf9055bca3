"""What the report shows: some rows of every domain, moved to each of the others, with the truth where there is one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.report import Block
from aitia.system import Given

if TYPE_CHECKING:
    from aitia.systems.domain_counterfactuals.model import DomainCounterfactuals

__all__ = ["blocks"]

SHOWN = 6
"""Rows in the picture."""


def blocks(model: "DomainCounterfactuals", given: Given) -> Sequence[Block]:
    """Rows that the fit has not seen, and what they would have been in each domain."""
    rows = given.take(_spread(given.labels("domain"), SHOWN))
    shown = {"fact": rows.data}
    for domain in model.domains:
        do = Intervention({model.targets[0].name: domain})
        shown[str(do)] = model.counterfactual(rows, do)
        truth = model.truth(rows, do)
        if truth is not None:
            shown[f"{do}\ntruth"] = truth
    names = [f"from {label}" for label in rows.labels("domain")]
    about = "Each row is one sample that the fit has not seen, and what it would have been in each domain."
    return rows.data.draw(shown, names, about)


def _spread(labels: NDArray[np.str_], most: int) -> NDArray[np.int64]:
    """The first rows of every label in turn, at most so many."""
    rank = np.zeros(len(labels), int)
    for label in sorted(set(labels.tolist())):
        rank[labels == label] = np.arange(int((labels == label).sum()))
    order = np.lexsort((np.arange(len(labels)), labels, rank))
    return np.sort(order[:most])
