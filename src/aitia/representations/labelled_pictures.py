"""Generators of pictures that are given causes and their graph: what `do` sets, and rows with and without a picture.

A row has a picture, values of its causes, or both; of some causes the value may be missing. A system says how pictures
become noise and causes, and these become pictures.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import DataError, RangeWarning
from aitia.graph.graph import Graph
from aitia.nn.pretrained import Pretrained
from aitia.representations.labelled_causes import arrows, labels_of
from aitia.system import Counterfactuals, Discovers, Encodes, Given, Noise, Predicts, Target, Targets, Training
from aitia.train import History

__all__ = ["Asked", "LabelledPictures"]

Values = NDArray[np.float64]
Rows = NDArray[np.bool_]
IMAGE = "image"


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows with holes, each as often as it is drawn.

    Args:
        given: The rows.
        y: Their causes, NaN where one is missing.
        seen: Those that have a picture.
        told: Those that have their causes and no picture.
    """

    given: Given
    y: Values
    seen: Rows
    told: Rows


class LabelledPictures(Pretrained, Predicts, Counterfactuals, Encodes, Discovers):
    """A generator that is given causes and their graph.

    Attributes:
        ranges: Lowest and highest value of each cause in the training.
        history: How the training went.
        notes: Where the graph is from, in words.
    """

    ranges: Mapping[str, tuple[float, float]] = {}
    history: History | None = None
    notes: tuple[str, ...] = ()
    _graph: Graph = Graph()

    @property
    def causes(self) -> tuple[str, ...]:
        """In the order of the model."""
        return self._graph.nodes

    @property
    def training(self) -> Training:
        """Losses, the graph, and what to beware of."""
        losses = tuple(self.history.losses) if self.history is not None else ()
        return Training((("training", losses),), (f"Graph over the causes: {self._graph}", *self.notes))

    @property
    def targets(self) -> Targets:
        """The causes."""
        about = "sets the cause; what it causes by the graph follows"
        return Targets(Target(name, (), (low,), (high,), about) for name, (low, high) in self.ranges.items())

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The graph over the causes, as it was given or searched for."""
        return {"causes": self._graph}

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _asked(self, given: Given, draws: int) -> Asked:
        """Rows with holes.

        Raises:
            DataError: If a row has no picture and some causes.
        """
        given = given.take(np.repeat(np.arange(len(given)), draws))
        column = given.column(IMAGE) or IMAGE
        seen = ~given.table.absent(column) if column in given.table else np.zeros(len(given), bool)
        missing = np.isnan(y := labels_of(given, self.causes, lenient=True))
        bare = ~seen & missing.any(axis=1)
        if (odd := bare & ~missing.all(axis=1)).any():
            raise DataError(
                f"row {int(np.flatnonzero(odd)[0]) // draws} has no picture and some causes: give all of them or none"
            )
        return Asked(given, y, seen, ~seen & ~bare)

    def _facts(self, noise: Noise) -> Given:
        """The rows that noise was abducted of, each as often as it was drawn.

        Warns:
            RangeWarning: If a cause is set to a value outside the range of the training; it says by how much.
        """
        for sentence in self.outside():
            warnings.warn(sentence, RangeWarning, stacklevel=5)
        return noise.given.take(np.repeat(np.arange(len(noise.given)), noise.draws))

    def _empty(self, n: int) -> Data:
        return self._causes_table(np.full((n, len(self.causes)), np.nan))

    def _causes_table(self, values: Values) -> Table:
        """A column of numbers for each cause, of (n, causes)."""
        return Table.of(dict(zip(self.causes, values.T, strict=True)), kinds=dict.fromkeys(self.causes, "number"))

    def _with(self, given: Given, images: NDArray[np.uint8], causes: Values) -> Data:
        """Rows with these pictures and causes."""
        column = given.column(IMAGE) or IMAGE
        changed = {column: images, **dict(zip(self.causes, causes.T, strict=True))}
        return given.data.with_known(changed, {column: "picture", **dict.fromkeys(self.causes, "number")})

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _told_options(self) -> dict[str, Any]:
        """The part of the options that says which causes there are."""
        return {
            "causes": list(self.causes),
            "edges": [list(edge) for edge in arrows(self._graph)],
            "ranges": {name: list(pair) for name, pair in self.ranges.items()},
            "notes": list(self.notes),
        }

    def _take_options(self, options: Mapping[str, Any]) -> None:
        """What `_told_options` wrote."""
        self._graph = Graph([(a, b) for a, b in options["edges"]], options["causes"])
        self.ranges = {name: (low, high) for name, (low, high) in options["ranges"].items()}
        self.notes = tuple(options["notes"])
