"""What the report shows: which labels are taken for which, and whether probabilities mean what they say."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aitia.report import Block, Line, Picture, TableBlock, Text, line_chart, shaded_matrix
from aitia.stats.metrics import reliability
from aitia.system import Given
from aitia.systems.tabpfn.judge import labels, places

if TYPE_CHECKING:
    from aitia.systems.tabpfn.model import TabPFN

__all__ = ["blocks"]


def blocks(model: "TabPFN", given: Given) -> Sequence[Block]:
    """Of rows that the fit has not seen and whose label is known."""
    probability, names = model.predict_proba(given), [str(c) for c in model.classes]
    place = places(labels(given), np.array(model.classes, dtype=object))
    known = place >= 0
    if not known.any():
        return [Text("None of the rows that were held out has a class that the fit has seen.")]
    place, probability = place[known], probability[known]
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (place, probability.argmax(axis=1)), 1)
    shown: list[Block] = [
        Picture(
            shaded_matrix([f"is {name}" for name in names], [f"said {name}" for name in names], counts, digits=0),
            f"Rows by what {model.roles['label']} is and what was predicted.",
        )
    ]
    bins = reliability(place, probability, bins=5 if len(place) < 200 else 10)
    if len(bins.told) > 1:
        lines = [Line("share right", bins.right.tolist()), Line("as told", bins.told.tolist())]
        chart = line_chart(bins.told.tolist(), lines, x_label="probability told", y_label="share right")
        told = "Rows by the probability of their most probable class: the two lines are one where it is calibrated."
        shown.append(Picture(chart, told))
    cells: list[list[object]] = [
        [float(a), float(b), int(n)] for a, b, n in zip(bins.told, bins.right, bins.rows, strict=True)
    ]
    shown.append(TableBlock(["mean probability", "share right", "rows"], cells))
    shown.append(Text(f"It answers no do(...): {model.card.do}"))
    return shown
