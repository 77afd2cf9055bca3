"""What the cells of a column mean.

Plain kinds are numbers or codes and need numpy alone:

    number, count, time     continuous for a statistic: any number; whole and never negative; days since 1970
    label, ordinal          discrete: codes into categories, which have an order in an ordinal

The others hold what has no number of its own; `aitia.data.columns` has one file for each, loaded when it is met.
"""

from enum import StrEnum

__all__ = ["CONTINUOUS", "DISCRETE", "Kind"]


class Kind(StrEnum):
    """The kind of a column."""

    NUMBER = "number"
    COUNT = "count"
    TIME = "time"
    LABEL = "label"
    ORDINAL = "ordinal"
    TEXT = "text"
    PICTURE = "picture"
    LIST = "list"
    SPANS = "spans"


CONTINUOUS = frozenset({Kind.NUMBER, Kind.COUNT, Kind.TIME})
"""Kinds that a statistic takes as numbers."""
DISCRETE = frozenset({Kind.LABEL, Kind.ORDINAL})
"""Kinds that a statistic takes as labels."""
