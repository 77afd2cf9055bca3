"""Hashes of JSON values that do not depend on the machine, the process or the order of keys."""

import hashlib
import json
from typing import Any

__all__ = ["canonical_json", "content_hash"]


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces; floats as Python writes them, which reads back exactly."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=True)


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value, or of bytes as they are.

    Example:
        >>> content_hash({"a": 1, "b": [2.5]}) == content_hash({"b": [2.5], "a": 1})
        True
    """
    data = value if isinstance(value, bytes) else canonical_json(value).encode()
    return hashlib.sha256(data).hexdigest()
