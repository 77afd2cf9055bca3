"""Which search suits a table without a context: DirectLiNGAM where the table bears its model out, else PC.

Measured on random systems of eight columns (100 to 3,000 rows; Gaussian, uniform, Laplace, exponential and heavy noise;
bends, hidden causes, labels among numbers): where the checks of `Doubt` pass, the arrows of DirectLiNGAM are right but
for one in a hundred, with hidden causes but for one in twelve, where PC has a third of its arrows wrong. BOSS is closer
than PC where relations are straight or columns hold labels, and farther where they bend; it is named, not taken: its
edges stand by a score of the whole graph, not by tests that a reader can repeat.
"""

from typing import Any

import numpy as np

from aitia.data.table import Table
from aitia.errors import AitiaError
from aitia.graph import Knowledge
from aitia.stats.search.auto import shape
from aitia.system import systems

__all__ = ["suited"]

NOISE = "direct-lingam"
"""The search that tells directions by the shape of noise."""
FEWEST = 200
"""Rows from which the shape of noise is told from chance, 20 for each column at least."""
HIDDEN = "--method fci allows for hidden causes"
"""What fits wherever a search by tests does."""
WORK = 5_000_000
"""Rows times squared columns up to which a fit is tried: a fraction of a second."""
SURE = 0.01
"""p-value of a Gaussian column, times the columns, from which none is clearly something else."""


def suited(table: Table, knowledge: Knowledge | None, *, tests: bool) -> tuple[str, tuple[str, str]]:
    """The slug of a search, and why in two sentences.

    Args:
        table: The variables alone.
        knowledge: What is known beforehand.
        tests: Whether someone asked for what searches by tests alone have.
    """
    doubt = None
    if not tests and _could_tell(table) and (model := _fitted(table, knowledge)) is not None:
        doubt = model.doubt()
        if doubt is None:
            return NOISE, (
                f"Method {NOISE.upper()}: what straight lines leave of the columns is not Gaussian, and independent of "
                "each other, which tells every direction.",
                f"Others: {HIDDEN}, which these checks can miss in few rows; --method pc goes by independence alone.",
            )
    return "pc", (
        "Method PC: no context column is given, so every row is taken from one unchanging system.",
        _others(table, doubt, look=not tests),
    )


def _others(table: Table, doubt: Any, look: bool) -> str:
    """What else fits a table, in a sentence; `doubt` speaks against telling directions by noise, or is None.

    Where nobody asks for a test the choice of one has looked at the shape of the columns, else that would cost as much
    as the search.
    """
    numbers = [name for name in table.names if not table.discrete(name)]
    against = doubt.told if doubt is not None and doubt.dependent else None
    if against is None and numbers and look and _single(table):
        against = shape(table, numbers).bent(numbers)
    if against is not None:
        return f"Others: {HIDDEN}; boss and {NOISE} take straight lines and no hidden causes, and {against}."
    lines = " and relations are straight lines" if numbers else ""
    told = f"Others: --method boss is usually closer where no hidden variable causes two columns{lines}; {HIDDEN}"
    return f"{told}." if doubt is None else f"{told}; not {NOISE}, since {doubt.told}."


def _single(table: Table) -> bool:
    return all(table.column(name).ndim == 1 for name in table.names)


def _could_tell(table: Table) -> bool:
    """Whether the shape of noise may tell directions at all, by what the table's moments say."""
    n, names = table.n, list(table.names)
    if n < max(FEWEST, 20 * len(names)) or n * len(names) ** 2 > WORK:
        return False
    if not _single(table) or any(table.discrete(name) or table.missing(name) for name in names):
        return False
    found = shape(table, names)
    statistic = n / 6 * (found.third**2 + (found.fourth - 3) ** 2 / 4)  # Jarque and Bera's
    return bool(np.exp(-statistic.max() / 2) < SURE / len(names))


def _fitted(table: Table, knowledge: Knowledge | None) -> Any:
    """DirectLiNGAM on the table; None where it refuses it."""
    model: Any = systems()[NOISE].load()(knowledge=knowledge)
    try:
        return model.fit(table, variables=list(table.names))
    except AitiaError:
        return None
