"""The table that answers queries: what was written of each, what belongs to it, and what it cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from aitia.data.base import Data
from aitia.system import Given
from aitia.systems.ume_r1.embedding import Vectors
from aitia.systems.ume_r1.layout import Written
from aitia.systems.ume_r1.retrieval import Gallery

__all__ = ["answered"]


def answered(
    given: Given, vectors: Vectors, written: Sequence[Written], gallery: Gallery, held: Vectors, draws: int
) -> Data:
    """The rows with reasoning, answer and `positive` filled, and `found`, `similarity`, `tokens` and `finished`.

    Args:
        given: The queries.
        vectors: (n * draws, width) of them.
        written: Of them; none where nothing was.
        gallery: Targets.
        held: (m, width) of these.
        draws: Of each row, one after the other.
    """
    cosines = vectors @ held.T
    best = cosines.argmax(axis=1)
    columns: dict[str, Any] = {}
    if written:
        columns[given.column("reasoning") or "reasoning"] = [w.reasoning for w in written]
        columns[given.column("answer") or "answer"] = [w.answer for w in written]
    told, positive = [gallery.told(int(k)) for k in best], given.column("positive") or "positive"
    if positive in given.table:
        there, kept = ~given.table.absent(positive), given.table.texts(positive)
        told = [kept[k // draws] if there[k // draws] else text for k, text in enumerate(told)]
    columns[positive] = told
    kinds = dict.fromkeys(columns, "text") | {"found": "number", "similarity": "number"}
    columns["found"] = gallery.rows[best].astype(float)
    columns["similarity"] = np.round(cosines[np.arange(len(best)), best], 6)
    if written:
        columns["tokens"] = [float(len(w.ids) + 1) for w in written]
        columns["finished"] = ["yes" if w.finished else "no" for w in written]
        kinds |= {"tokens": "number", "finished": "label"}
    rows = given.data if draws == 1 else given.data.take(np.repeat(np.arange(len(given)), draws))
    return rows.with_known(columns, kinds)
