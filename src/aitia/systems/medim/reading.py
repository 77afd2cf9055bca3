"""Rows as they are given, turned into pairs, and pairs turned into rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aitia.errors import DataError, join_names
from aitia.nn.image_tokens import ImageTokenizer
from aitia.system import Given
from aitia.systems.medim.layout import Attributes, Layout, Pair
from aitia.systems.medim.words import ReportTokens

__all__ = ["attributes_of", "check_pairs", "images_of", "labels_of", "pairs_of", "reports_of"]

Images = NDArray[np.uint8]
Ids = NDArray[np.int64]


def check_pairs(given: Given) -> None:
    """Refuses rows to learn from that are no pairs.

    Raises:
        DataError: If a row lacks its image or its report; names the row.
    """
    lacks = {what: _gone(given, what) for what in ("image", "report")}
    for what, other in (("image", "report"), ("report", "image")):
        alone = np.flatnonzero(lacks[what] & ~lacks[other])
        if len(alone):
            many = f" ({len(alone)} such rows)" if len(alone) > 1 else ""
            has = "an image" if other == "image" else "a report"
            raise DataError(f"row {alone[0]} has {has} and no {what}{many}: add it, or drop the row")
    if (empty := np.flatnonzero(lacks["image"])).size:
        raise DataError(f"row {empty[0]} has neither image nor report: drop the row")
    for row, report in enumerate(reports_of(given)):
        if not (report or "").strip():
            raise DataError(f"the report of row {row} is empty: write it, or drop the row")


def attributes_of(given: Given) -> Attributes:
    """The columns of the domain and of the findings with their labels; one without any label is left out."""
    found = []
    for column in (*given.columns("domain"), *given.columns("findings")):
        labels = {str(label) for label in given.table.labels(column) if label is not None and label == label}
        if labels:
            found.append((column, tuple(sorted(labels))))
    return tuple(found)


def images_of(given: Given) -> tuple[Images, NDArray[np.bool_]]:
    """(n, height, width, 3) images, black where there is none, and which rows have one."""
    there = ~_gone(given, "image")
    if not there.any():
        return np.zeros((len(given), 0, 0, 3), np.uint8), there
    held = given.take(np.flatnonzero(there)).pictures("image")
    held = np.repeat(held, 3, axis=3) if held.shape[3] == 1 else held
    found = np.zeros((len(given), *held.shape[1:]), np.uint8)
    found[there] = held
    return found, there


def reports_of(given: Given) -> list[str | None]:
    """The report of each row, None where there is none."""
    there = ~_gone(given, "report")
    if not there.any():
        return [None] * len(given)
    return [text if has else None for text, has in zip(given.texts("report"), there, strict=True)]


def labels_of(given: Given, attributes: Attributes) -> list[tuple[int | None, ...]]:
    """The number of each label of each row, None where it is missing.

    Raises:
        DataError: If a label was not in the training; names the row.
    """
    found: list[list[int | None]] = [[] for _ in range(len(given))]
    for column, known in attributes:
        held = given.table.labels(column).tolist() if column in given.table else [None] * len(given)
        for row, label in enumerate(held):
            if label is None or label != label:
                found[row].append(None)
            elif str(label) in known:
                found[row].append(known.index(str(label)))
            else:
                raise DataError(f"row {row} has {column} {label!r}, and the training had {join_names(known)}")
    return [tuple(row) for row in found]


def pairs_of(
    given: Given, layout: Layout, tokenizer: ImageTokenizer, tokens: ReportTokens, size: tuple[int, int], cut: bool
) -> tuple[list[Pair], list[list[Ids]], int]:
    """The pairs of rows, the ids of each sentence of their reports, and how many reports were cut.

    Raises:
        DataError: If an image has another size, a report has too many tokens and is not to be cut, or holds the mask.
    """
    images, there = images_of(given)
    if there.any() and images.shape[1:3] != size:
        mend = f" (--size {size[0]})" if size[0] == size[1] else ""
        raise DataError(
            f"images are {size[1]}x{size[0]} here, got {images.shape[2]}x{images.shape[1]}: scale them{mend}"
        )
    codes = tokenizer.encode(images[there]) if there.any() else np.zeros((0, layout.places), np.int64)
    places = np.cumsum(there) - 1
    sentences, short = [], 0
    for row, report in enumerate(reports_of(given)):
        found = [] if report is None else tokens.encode(report)
        kept = _fitting(found, layout, row, cut)
        short += len(kept) < len(found)
        sentences.append(kept)
    labels = labels_of(given, layout.attributes)
    pairs = [
        Pair(labels[row], codes[places[row]] if there[row] else None, np.concatenate(held) if held else None)
        for row, held in enumerate(sentences)
    ]
    return pairs, sentences, short


def _fitting(sentences: Sequence[Ids], layout: Layout, row: int, cut: bool) -> list[Ids]:
    count = sum(map(len, sentences))
    if sentences and not count:
        raise DataError(f"the report of row {row} has no token: write it, or drop the row")
    if any(layout.mask in ids for ids in sentences):
        raise DataError(
            f"the report of row {row} holds the mask {layout.vocabulary.decode([layout.mask])}: take it out"
        )
    if count <= layout.words:
        return list(sentences)
    ends = np.cumsum([len(ids) for ids in sentences])
    kept = int((ends <= layout.words).sum())
    if not cut or not kept:
        mend = f"say --words {count}" if not cut else f"say --words {len(sentences[0])} or more"
        more = "" if cut else ", or --cut to keep the whole sentences that fit"
        raise DataError(f"the report of row {row} has {count} tokens, and {layout.words} fit: {mend}{more}")
    return list(sentences[:kept])


def _gone(given: Given, role: str) -> NDArray[np.bool_]:
    column = given.column(role)
    if column is None or column not in given.table:
        return np.ones(len(given), dtype=bool)
    absent: NDArray[np.bool_] = np.asarray(given.table.absent(column))
    return absent
