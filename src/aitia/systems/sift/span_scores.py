"""How well spans are found: exact boundaries and the right type, counted over all rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aitia.errors import DataError

__all__ = ["SpanScore", "span_f1"]

Span = tuple[int, int, str]


@dataclass(frozen=True)
class SpanScore:
    """Shares of spans.

    Args:
        precision: Of those found, how many are right; 0 where none is found.
        recall: Of those there, how many are found; 0 where none is there.
        f1: Harmonic mean of the two.
        count: How many are there.
    """

    precision: float
    recall: float
    f1: float
    count: int


def span_f1(true: Sequence[Iterable[Span]], found: Sequence[Iterable[Span]], kind: str | None = None) -> SpanScore:
    """Strict micro-averaged scores: a span counts if its start, stop and type are all right, and once.

    Args:
        true: Spans of each row.
        found: Those that were found.
        kind: One type only.

    Raises:
        DataError: If there are not as many rows of both.

    Example:
        >>> span_f1([[(0, 3, "a"), (4, 6, "b")]], [[(0, 3, "a"), (4, 6, "a")]]).f1
        0.5
    """
    if len(true) != len(found):
        raise DataError(f"spans of {len(true)} rows are held against those of {len(found)}")
    pairs = [
        ({tuple(s) for s in a if kind in (None, s[2])}, {tuple(s) for s in b if kind in (None, s[2])})
        for a, b in zip(true, found, strict=True)
    ]
    right = sum(len(a & b) for a, b in pairs)
    there, said = sum(len(a) for a, _ in pairs), sum(len(b) for _, b in pairs)
    precision, recall = right / said if said else 0.0, right / there if there else 0.0
    f1 = 2 * right / (there + said) if there + said else 0.0
    return SpanScore(precision, recall, f1, there)
