"""A cache of arrays, bounded by bytes, that forgets what was used longest ago."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

import numpy as np

__all__ = ["ArrayCache"]

Value = TypeVar("Value")


class ArrayCache:
    """Arrays, or tuples of arrays, by key. Threads may share it; two that miss at once both compute.

    Args:
        limit: Bytes kept at most; a value larger than that is not kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._items: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """The value of the key, computed where it is not there."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key][0]  # type: ignore[return-value]
        value = compute()
        size = _bytes(value)
        with self._lock:
            if size <= self._limit and key not in self._items:
                self._items[key] = (value, size)
                self._held += size
                while self._held > self._limit:
                    self._held -= self._items.popitem(last=False)[1][1]
        return value

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._held


def _bytes(value: object) -> int:
    if isinstance(value, tuple):
        return sum(_bytes(part) for part in value)
    return value.nbytes if isinstance(value, np.ndarray) else 0
