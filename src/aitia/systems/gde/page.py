"""What the report shows: the map of the vectors, real beside drawn rows of some sets, and how far sets are apart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aitia.report import Block, Picture, ScatterPanel, scatter_panels, shaded_matrix
from aitia.system import Given
from aitia.systems.gde.judge import MOST
from aitia.systems.gde.sets import rows_of

if TYPE_CHECKING:
    from aitia.systems.gde.model import GDE

__all__ = ["blocks"]

Values = NDArray[np.float64]
SHOWN, NAMED, WRITTEN = 3, 12, 30
"""Sets with their rows in the report, in the matrix, and with their names on the map."""


def blocks(model: "GDE", given: Given) -> Sequence[Block]:
    """The map of the vectors, real beside drawn rows of some sets, and how far sets are apart."""
    z = model.latents - model.latents.mean(0)
    plane = z @ np.linalg.svd(z, full_matrices=False)[2][:2].T
    plane = np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))
    named = tuple(map(_short, model.labels))
    axes = ("first component of z", "second component of z")
    overview = ScatterPanel("sets", {"set": plane}, named if len(named) <= WRITTEN else (), axes)
    apart = np.linalg.norm(model.latents[:NAMED, None] - model.latents[None, :NAMED], axis=-1)
    first = f" The first {NAMED} of {len(named)} sets." if len(named) > NAMED else ""
    return [
        Picture(
            scatter_panels([overview], scale=1.7, equal=True),
            "Each dot is a set: the nearer two dots, the more alike are the rows of the two sets.",
        ),
        *_beside(model, given, plane[:, 0]),
        Picture(shaded_matrix(named[:NAMED], named[:NAMED], apart), f"Distances of the vectors of the sets.{first}"),
    ]


def _beside(model: "GDE", given: Given, along: Values) -> list[Block]:
    """Real beside drawn rows of sets spread along the map; nothing where there is one column or no common set."""
    labels, rows = given.labels("population"), rows_of(given.table, model.columns, what=given.name)[0]
    there = [k for k in np.argsort(along, kind="stable") if (labels == model.labels[k]).any()]
    if len(model.columns) < 2 or not there:
        return []
    means = np.stack([rows[labels == label].mean(0) for label in sorted(set(labels.tolist()))])
    a, b = np.sort(np.argsort(-(means.std(0) / np.maximum(rows.std(0), 1e-12)), kind="stable")[:2])
    panels = []
    for k in dict.fromkeys(there[place] for place in np.linspace(0, len(there) - 1, SHOWN).round().astype(int)):
        real = rows[labels == model.labels[k]][:MOST]
        drawn = model.draw(model.labels[k], len(real), seed=0)
        both = {"rows not seen in the fit": real[:, [a, b]], "drawn from the vector": drawn[:, [a, b]]}
        panels.append(ScatterPanel(_short(model.labels[k]), both, (), (model.columns[a], model.columns[b])))
    told = "Real rows beside as many drawn ones, of sets from the left, the middle and the right of the map"
    more = ", in the two columns whose means differ most between sets." if len(model.columns) > 2 else "."
    return [Picture(scatter_panels(panels, same=True), told + more, scatter_panels(panels, across=1, same=True))]


def _short(name: str) -> str:
    return name if len(name) <= 16 else f"{name[:15]}…"
