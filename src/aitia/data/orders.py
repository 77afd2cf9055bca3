"""The order of the labels of an ordinal column: said, or by the numbers that they begin with, and never guessed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aitia.errors import DataError, join_names

__all__ = ["Ranks", "absent", "order_of", "with_order"]

_NUMBER = re.compile(r"\s*[<>≤≥=~+]{0,2}\s*(-?\d+(?:[.,]\d+)?)")


def order_of(name: str, labels: Sequence[Any], said: Sequence[str] = ()) -> tuple[Any, ...]:
    """The labels, least first.

    Two labels have an order either way round, and numbers their own. Text has one where each label begins with a number
    of its own, such as `1 never` and `2 rarely`, or `18-24` and `25-34`.

    Args:
        name: Of the column.
        labels: Different ones, in any order.
        said: All labels, least first, where the user said so; some may not occur.

    Raises:
        DataError: If nothing says the order, or what was said lacks a label.

    Example:
        >>> order_of("age", ["65 and over", "18-64", "0-17"])
        ('0-17', '18-64', '65 and over')
        >>> order_of("size", ["l", "s"], ["s", "m", "l"])
        ('s', 'm', 'l')
    """
    if said:
        if lacking := [label for label in labels if str(label) not in said]:
            raise DataError(f"the order of {name!r}, {' < '.join(said)}, lacks its label {str(lacking[0])!r}: name all")
        by_text = {str(label): label for label in labels}
        return tuple(by_text.get(label, label) for label in said)
    usual = tuple(sorted(labels, key=lambda label: (type(label).__name__, label)))
    if len(usual) <= 2 or not any(isinstance(label, str) for label in usual):
        return usual
    found = [_NUMBER.match(str(label)) for label in usual]
    numbers = [float(match[1].replace(",", ".")) for match in found if match is not None]
    if len(set(numbers)) == len(usual):
        return tuple(label for _, label in sorted(zip(numbers, usual, strict=True)))
    raise DataError(
        f"{name!r} is declared ordinal, and nothing says the order of its labels {join_names(map(str, usual), 6)}: say "
        f'it, least first (--ordinal "{name}=LEAST<NEXT<MOST", or an ordered Categorical), or number the labels'
    )


@dataclass(frozen=True)
class Ranks:
    """Places in an order of labels, None where missing."""

    places: list[int | None]
    labels: tuple[Any, ...]

    def __iter__(self) -> Iterator[Any]:
        return (None if place is None else self.labels[place] for place in self.places)


def with_order(name: str, values: Any, said: Sequence[str]) -> Ranks:
    """A column of labels as places in the order that was said of it, least first.

    Raises:
        DataError: If a label is not in it.
    """
    cells = [None if absent(v) else str(v).strip() for v in values]
    places = {label: k for k, label in enumerate(order_of(name, list(dict.fromkeys(filter(None, cells))), said))}
    return Ranks([places[cell] if cell else None for cell in cells], tuple(places))


def absent(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, or what pandas has for them."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value
