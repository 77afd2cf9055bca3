"""Causes that are labelled in rows of pictures: their values, the graph over them as arrows, and `do` on them."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.do import Action
from aitia.errors import DataError, GraphError, unknown_variable
from aitia.graph.graph import Graph
from aitia.system import ENVIRONMENT, Given

__all__ = ["arrows", "labels_of", "numbers_of", "standardised"]

Values = NDArray[np.float64]
NO_CAUSES = (ENVIRONMENT, "id", "view", "frame", "row")


def labels_of(given: Given, names: Sequence[str], *, lenient: bool = False) -> Values:
    """The values of the causes, (n, causes), NaN where a row has none.

    Raises:
        UnknownVariableError: If there is no such column, unless lenient.
        DataError: If a column holds no numbers.
    """
    table, columns = given.table, []
    for name in names:
        if name not in table:
            if not lenient:
                raise unknown_variable(name, table.names, "set of labels")
            columns.append(np.full(len(given), np.nan))
        elif not table.fits(name, "number"):
            raise DataError(f"label {name!r} holds labels, not numbers: declare it continuous, or leave it out")
        else:  # whole numbers of which few occur look like labels
            cells = table.column(name) if table.continuous(name) else table.labels(name)
            columns.append(np.array([np.nan if cell is None else float(cell) for cell in cells]))
    return np.stack(columns, axis=1)


def numbers_of(given: Given) -> tuple[str, ...]:
    """The columns of numbers that may be causes; of a world those that vary and are no angles."""
    table, world = given.table, given.world
    names = tuple(name for name in table.names if table.continuous(name) and name not in NO_CAUSES)
    if world is None:
        return names
    plain = {latent.name for latent in world.latents if latent.kind == "continuous"}
    return tuple(name for name in names if name in plain and np.ptp(table.column(name)) > 0)


def arrows(graph: Graph) -> list[tuple[str, str]]:
    """The edges of a DAG.

    Raises:
        GraphError: If it is none.
    """
    if not graph.is_dag:
        raise GraphError("the graph over the causes is a DAG: orient every edge, and break cycles")
    return [(parent, name) for name in graph.nodes for parent in sorted(graph.parents(name))]


def standardised(action: Action, u: Values, mean: Tensor, spread: Tensor) -> Callable[[Tensor], Tensor]:
    """An action, which speaks the units of the labels, on standardised values of its cause.

    Args:
        action: The action.
        u: (n,) uniform, for an action that draws.
        mean: Of the labels of the cause.
        spread: Their standard deviation.
    """

    def acted(natural: Tensor) -> Tensor:
        values = (natural * spread + mean).double().numpy()
        made = torch.from_numpy(np.asarray(action.apply(values, u))).to(natural.dtype)
        return (made - mean) / spread

    return acted
