"""Rows of a table as parallel sentences."""

from aitia.data.parallel import Parallel
from aitia.errors import OptionError
from aitia.system import Given

__all__ = ["most_frequent", "parallel_of", "rows_of"]


def parallel_of(given: Given) -> Parallel:
    """The rows, each with its source, target and variety.

    Raises:
        DataError: If a row lacks one.
    """
    varieties = given.labels("variety").tolist()
    return Parallel(tuple(given.texts("source")), tuple(given.texts("written")), tuple(varieties))


def rows_of(given: Given) -> tuple[Parallel, Parallel | None]:
    """Rows to train on, and those of the validation where a column `split` says which.

    Raises:
        OptionError: If all rows are of the validation.
    """
    rows = parallel_of(given)
    if given.column("split") is None:
        return rows, None
    held = [k for k, part in enumerate(given.labels("split").tolist()) if part == "validation"]
    if not held:
        return rows, None
    kept = sorted(set(range(len(rows))) - set(held))
    if not kept:
        raise OptionError("all rows are of the validation: there is none to train on")
    return rows.take(kept), rows.take(held)


def most_frequent(rows: Parallel) -> str:
    """The variety of the most rows, the first of several."""
    return max(rows.names, key=rows.varieties.count)
