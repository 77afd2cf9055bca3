"""Answers in JSON under a schema: what is asked for, and whether what came back keeps to it.

Of JSON Schema the words are known that endpoints take: type, properties, required, additionalProperties, items, enum,
const, anyOf, minItems, maxItems, minimum, maximum, minLength, maxLength and pattern.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aitia.errors import FormatError, OptionError
from aitia.guard import parse_json

__all__ = ["check_schema", "instruction", "structured"]

_TYPES: Mapping[str, Any] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip
_KNOWN = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "minItems",
    "maxItems", "minimum", "maximum", "minLength", "maxLength", "pattern", "title", "description",
}  # fmt: skip
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


def check_schema(schema: Any, place: str = "the schema") -> None:
    """Refuses a schema with words that answers would not be held against.

    Raises:
        OptionError: If it is no schema, or has an unknown word or type; says where.
    """
    if not isinstance(schema, Mapping):
        raise OptionError(f"{place} is an object, got {str(schema)[:60]!r}")
    if unknown := sorted(schema.keys() - _KNOWN):
        raise OptionError(f"{place} has {unknown[0]!r}, which answers are not held against: leave it out")
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in _TYPES:
            raise OptionError(f"a type of {place} is one of {', '.join(_TYPES)}, got {kind!r}")
    parts = {f"{place}.{name}": part for name, part in schema.get("properties", {}).items()}
    parts |= {f"{place}[{k}]": part for k, part in enumerate(schema.get("anyOf", []))}
    if "items" in schema:
        parts[f"{place}[]"] = schema["items"]
    if isinstance(schema.get("additionalProperties", False), Mapping):
        parts[f"{place}.*"] = schema["additionalProperties"]
    for name, part in parts.items():
        check_schema(part, name)


def instruction(schema: Mapping[str, Any]) -> str:
    """The sentence that asks for it, where an endpoint or a model takes no schema."""
    return f"Answer with JSON alone, of this schema: {json.dumps(dict(schema), ensure_ascii=False)}"


def structured(text: str, schema: Mapping[str, Any]) -> Any:
    """The value that an answer holds.

    Raises:
        FormatError: If it holds no JSON, or a value that does not keep to the schema; says where.

    Example:
        >>> edges = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        >>> structured('```json\\n{"n": 3}\\n```', edges)
        {'n': 3}
        >>> structured('{"n": "three"}', edges)
        Traceback (most recent call last):
        ...
        aitia.errors.FormatError: the answer does not keep to the schema: n is a string, where integer was asked for
    """
    fenced = _FENCE.findall(text)
    bare = fenced[-1] if fenced else text
    starts = [place for place in (bare.find("{"), bare.find("[")) if place >= 0]
    if "object" in _kinds(schema) or "array" in _kinds(schema):
        bare = bare[min(starts) :] if starts else bare
        end = max(bare.rfind("}"), bare.rfind("]"))
        bare = bare[: end + 1] if end >= 0 else bare
    value = parse_json(bare.strip(), "the answer")
    if (fault := _fault(value, schema, "")) is not None:
        raise FormatError(f"the answer does not keep to the schema: {fault}")
    return value


def _kinds(schema: Mapping[str, Any]) -> Sequence[str]:
    kinds = schema.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def _fault(value: Any, schema: Mapping[str, Any], place: str) -> str | None:
    """What is wrong with a value, and where; None where nothing is."""
    named = place or "it"
    kinds = _kinds(schema)
    if kinds and not any(_is(value, kind) for kind in kinds):
        found = next(kind for kind in ("null", "boolean", "object", "array", "string", "number") if _is(value, kind))
        return f"{named} is a {found}, where {' or '.join(kinds)} was asked for"
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        return f"{named} is {str(value)[:60]!r}, which is none of {', '.join(map(repr, schema['enum']))[:200]}"
    if "const" in schema and not _same(value, schema["const"]):
        return f"{named} is not {schema['const']!r}"
    if "anyOf" in schema and all(_fault(value, part, place) is not None for part in schema["anyOf"]):
        return f"{named} is none of what may stand there"
    if (sized := _size_fault(value, schema, named)) is not None:
        return sized
    if isinstance(value, dict):
        return _object_fault(value, schema, place)
    if isinstance(value, list) and "items" in schema:
        faults = (_fault(part, schema["items"], f"{place}[{k}]") for k, part in enumerate(value))
        return next((fault for fault in faults if fault is not None), None)
    return None


def _object_fault(value: Mapping[str, Any], schema: Mapping[str, Any], place: str) -> str | None:
    properties = schema.get("properties", {})
    if missing := [name for name in schema.get("required", ()) if name not in value]:
        return f"{place or 'it'} lacks {missing[0]!r}"
    rest = schema.get("additionalProperties", True)
    for name, part in value.items():
        inner = f"{place}.{name}" if place else name
        if name in properties:
            found = _fault(part, properties[name], inner)
        elif rest is False:
            found = f"{inner} was not asked for"
        else:
            found = _fault(part, rest, inner) if isinstance(rest, Mapping) else None
        if found is not None:
            return found
    return None


def _size_fault(value: Any, schema: Mapping[str, Any], named: str) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            return f"{named} is {value}, out of the range"
    elif isinstance(value, str | list):
        least, most = ("minLength", "maxLength") if isinstance(value, str) else ("minItems", "maxItems")
        if not schema.get(least, 0) <= len(value) <= schema.get(most, len(value)):
            return f"{named} has the length {len(value)}, out of the range"
        if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
            return f"{named} is {value[:60]!r}, which is not of the pattern {schema['pattern']!r}"
    return None


def _same(value: Any, other: Any) -> bool:
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)
