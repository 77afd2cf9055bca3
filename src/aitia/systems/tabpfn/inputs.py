"""What people hand to a classifier, read as numbers: frames, arrays, sparse matrices, columns of text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import DataError, join_names

__all__ = ["as_frame", "densified", "find_categories", "numbered", "read_target", "translated"]

Values = NDArray[np.float64]
MOST_CELLS = 20_000_000
"""Cells of a sparse matrix that is made dense."""


def as_frame(X: Any) -> Any:
    """A `Table`, polars frame or Arrow table as a pandas frame whose numbers are numbers; anything else as it is."""
    if hasattr(X, "get_columns") or (hasattr(X, "column_names") and hasattr(X, "column")):
        X = Table.of(X)
    if not isinstance(X, Table):
        return X
    frame = X.to_pandas()
    for name in X.names:
        if X.discrete(name) and all(isinstance(c, (int, float)) for c in X.categories(name)):
            frame[name] = frame[name].astype(float)
    return frame


def densified(X: Any) -> Any:
    """A sparse matrix as an array.

    Raises:
        DataError: If that would take more than `MOST_CELLS` numbers.
    """
    if not hasattr(X, "toarray"):
        return X
    if X.shape[0] * X.shape[1] > MOST_CELLS:
        raise DataError(
            f"a sparse matrix of {X.shape[0]} rows and {X.shape[1]} columns is too large to be made dense: select rows "
            "and columns first"
        )
    return X.toarray()


def find_categories(X: Any) -> dict[int, tuple[str, ...]]:
    """For each column that holds text its values, in alphabetical order; by position."""
    found = {}
    for j, values in _object_columns(X):
        if any(isinstance(value, str) for value in values):
            found[j] = tuple(sorted({str(value) for value in values if not _is_missing(value)}))
    return found


def numbered(X: Any, categories: Mapping[int, Sequence[str]]) -> Any:
    """X with columns of text numbered by these categories; a missing value stays missing.

    Raises:
        DataError: If a column has text and no categories, or a value that is none of them; names them.
    """
    text = find_categories(X)
    if unknown := [j for j in text if j not in categories]:
        names = join_names(_name(X, j) for j in unknown)
        raise DataError(
            f"there is text in {names}, and the network reads numbers: take categories='ordinal', which numbers its "
            "values, or leave it out (could not convert string to float)"
        )
    if not categories:
        return X
    made: Any = X.copy() if hasattr(X, "iloc") else np.array(X, dtype=object)
    for j, known in categories.items():
        if j >= np.shape(made)[1]:
            continue
        place = {value: float(k) for k, value in enumerate(known)}
        values = [None if _is_missing(v) else str(v) for v in _column(X, j)]
        if new := sorted({v for v in values if v is not None and v not in place}):
            raise DataError(f"{_name(X, j)} has values that the fit has not seen: {join_names(new)}")
        codes = np.array([np.nan if v is None else place[v] for v in values])
        if hasattr(made, "iloc"):
            made.isetitem(j, codes)
        else:
            made[:, j] = codes
    return made


def read_target(y: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The classes, sorted, and the class of each row.

    Raises:
        DataError: If the target is no column of labels: continuous, missing, of one class.
    """
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import column_or_1d

    if y is None:
        raise DataError("requires y to be passed, but the target y is None")
    column = translated(lambda: column_or_1d(y, warn=True))
    if any(_is_missing(value) for value in column.tolist()):
        raise DataError("the target has missing values (NaN): leave these rows out")
    if column.dtype.kind == "f" and not np.isfinite(column).all():
        raise DataError("the target holds infinity: leave these rows out")
    try:
        check_classification_targets(column)
    except ValueError as error:
        raise DataError(
            f"the target is not one of classes: cut it into bins, or take a model of regression ({error})"
        ) from error
    classes, labels = np.unique(column, return_inverse=True)
    if not len(classes):
        raise DataError("the target has no row")
    if len(classes) < 2:
        raise DataError(f"the target has one class only, {classes.tolist()[0]!r}: there is nothing to tell apart")
    return classes, labels.astype(np.int64)


def translated(read: Callable[[], Any]) -> Any:
    """What a check of scikit-learn returns; its errors as ours, with its sentence."""
    try:
        return read()
    except ValueError as error:
        raise DataError(str(error)) from error


def _object_columns(X: Any) -> list[tuple[int, list[Any]]]:
    """The columns that may hold other things than numbers."""
    if hasattr(X, "iloc"):
        kinds = [str(kind) for kind in X.dtypes] if hasattr(X, "dtypes") and np.ndim(X) == 2 else []
        plain = ("int", "uint", "float", "bool", "Int", "UInt", "Float", "boolean", "complex")
        return [(j, _column(X, j)) for j, kind in enumerate(kinds) if not kind.startswith(plain)]
    array = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object) if _is_table(X) else np.empty(0)
    if array.ndim != 2 or array.dtype.kind not in "OUS":
        return []
    return [(j, array[:, j].tolist()) for j in range(array.shape[1])]


def _is_table(X: Any) -> bool:
    """Whether it is a list of equally long lists."""
    return isinstance(X, (list, tuple)) and len({len(r) if isinstance(r, (list, tuple)) else -1 for r in X}) == 1


def _column(X: Any, j: int) -> list[Any]:
    values: list[Any] = X.iloc[:, j].tolist() if hasattr(X, "iloc") else np.asarray(X, dtype=object)[:, j].tolist()
    return values


def _name(X: Any, j: int) -> str:
    return repr(str(X.columns[j])) if hasattr(X, "columns") else f"column {j}"


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or type(value).__name__ == "NAType"
