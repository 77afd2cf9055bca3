"""Rows as they are given, turned into what the network reads, and refused where they cannot be."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aitia.data.columns.picture import check_head
from aitia.errors import DataError, join_names
from aitia.nn.pixels import from_bytes, to_bytes
from aitia.system import Given

__all__ = ["IMAGE", "OTHER", "TOLD", "as_pixels", "as_tensor", "check_columns", "check_rows", "clusters_of", "grey",
           "named", "pixels", "sums_of"]  # fmt: skip

IMAGE, OTHER = "image", "other_image"
TOLD = ("probability", "energy", "stranger")
"""What an answer says of each row beside its cluster."""


def named(k: int) -> str:
    """What cluster k is called."""
    return f"c{k}"


def grey(images: NDArray[np.uint8]) -> bool:
    """Whether red, green and blue are the same in every pixel."""
    return bool((images == images[..., :1]).all())


def as_tensor(
    images: NDArray[np.uint8], channels: int, rows: Sequence[int] | NDArray[np.int64] | None = None
) -> Tensor:
    """Pictures of bytes as (n, channels, height, width) of -1 to 1.

    Raises:
        DataError: If a picture is coloured and the network reads grey ones.
    """
    if channels == 1 and not grey(images):
        row = int(np.argmax((images != images[..., :1]).any(axis=(1, 2, 3))))
        raise DataError(
            f"row {row if rows is None else rows[row]} is a coloured picture, and this model was trained on grey ones: "
            "turn it to grey first"
        )
    return from_bytes(np.array(images))[:, :channels].contiguous()


def as_pixels(x: Tensor) -> NDArray[np.uint8]:
    """Bytes (n, height, width, 3) of (n, 1 or 3, height, width)."""
    return to_bytes(x.expand(-1, 3, -1, -1))


def pixels(given: Given, role: str) -> NDArray[np.uint8]:
    """The pictures of a role, whose files are looked at first.

    Raises:
        FormatError: If a file moves, is in colours of print, too large, or no picture; names it and the mend.
        DataError: If pictures differ in size.
    """
    column = given.column(role) or role
    for row, cell in enumerate(given.table.labels(column)):
        if isinstance(cell, str) and not given.table.absent(column)[row] and not cell.lower().endswith(".dcm"):
            check_head(cell, f"{column} of row {given.row_number(row)}")
    return given.pictures(role)


def check_columns(given: Given) -> None:
    """Wants pictures or numbers, and no column where answers will stand.

    Raises:
        DataError: If there is neither, or a column has the name of an answer.
    """
    table = given.table
    if given.columns("cluster") and given.column("cluster") in table:
        raise DataError(
            f"column {given.column('cluster')!r} holds clusters, which this training finds: give known classes as "
            "label, which are scored against alone, or drop the column"
        )
    if not given.columns(IMAGE) and not given.columns("variables"):
        raise DataError(f"{given.name} has no column of pictures, nor of numbers: there is nothing to group")
    if taken := [name for name in TOLD if name in table]:
        raise DataError(f"column {taken[0]!r} has the name of an answer ({join_names(TOLD)}): rename it")
    if given.columns("cluster_sum") and not (given.columns(IMAGE) and given.columns(OTHER)):
        raise DataError(
            f"{given.column('cluster_sum')!r} is the sum of the clusters of two pictures, and rows have "
            f"{'one' if given.columns(IMAGE) else 'none'}: name the second as other_image"
        )


def check_rows(x: NDArray[np.generic], columns: Sequence[str], clusters: int) -> tuple[str, ...]:
    """Refuses what cannot be grouped into so many clusters; what is merely few is told.

    Args:
        x: Bytes (n, height, width, 3), or numbers (n, d).
        columns: Of the numbers; empty for pictures.
        clusters: K.

    Raises:
        DataError: If rows are fewer than clusters or all the same, a number is missing, or a column is constant.
    """
    n = len(x)
    if n < clusters:
        raise DataError(f"{n} rows cannot fill {clusters} clusters: give more rows, or fewer clusters")
    if columns:
        if not np.isfinite(x).all():
            row, column = np.argwhere(~np.isfinite(x))[0]
            raise DataError(f"column {columns[column]!r} has no number in row {row}: drop or fill it")
        if (still := (x == x[:1]).all(axis=0)).any():
            raise DataError(f"column {columns[int(np.argmax(still))]!r} is constant: leave it out")
    elif (x == x[:1]).all():
        raise DataError(f"all {n} pictures are the same: there is nothing to group")
    if n < 20 * clusters:
        return (f"{n} rows are few for {clusters} clusters: 20 of each, {20 * clusters}, are the least advised.",)
    return ()


def sums_of(given: Given, clusters: int) -> Tensor | None:
    """The sums of rows, (n,), below 0 where one is not known; None where rows have none.

    Raises:
        DataError: If a sum is none of two clusters, or rows have no sum at all.
    """
    column = given.column("cluster_sum")
    if column is None:
        return None
    gone = given.table.absent(column)
    told = [None if out else str(value) for value, out in zip(given.table.labels(column), gone, strict=True)]
    values = np.full(len(given), -1.0)
    for row, text in enumerate(told):
        if text is None:
            continue
        try:
            values[row] = float(text)
        except ValueError:
            values[row] = np.nan
        if not (values[row] == np.floor(values[row]) and 0 <= values[row] <= 2 * (clusters - 1)):
            raise DataError(
                f"{column!r} is {text!r} in row {row}: the numbers of two of {clusters} clusters, 0 to {clusters - 1}, "
                f"add up to a whole number of 0 to {2 * (clusters - 1)}"
            )
    if (values < 0).all():
        raise DataError(f"{column!r} is empty in every row: leave it out, or fill some")
    return torch.from_numpy(values).long()


def clusters_of(given: Given, column: str, clusters: int) -> NDArray[np.int64]:
    """The cluster that each row is given, (n,); -1 where it has none.

    Raises:
        DataError: If there is no such cluster.
    """
    found = np.full(len(given), -1, dtype=np.int64)
    if column not in given.table:
        return found
    known = {named(k): k for k in range(clusters)}
    gone = given.table.absent(column)
    for row, label in enumerate(given.table.labels(column)):
        if gone[row]:
            continue
        if str(label) not in known:
            raise DataError(
                f"row {row} is given the cluster {str(label)!r}, and clusters are {named(0)} to {named(clusters - 1)}"
            )
        found[row] = known[str(label)]
    return found
