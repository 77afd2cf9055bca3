"""Values held against a schema."""

import json
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import FormatError, OptionError
from aitia.text.schema import check_schema, structured

PAIR = {
    "type": "object",
    "properties": {
        "source": {"type": "string", "minLength": 1},
        "sink": {"type": "string", "pattern": "^[a-z]+$"},
        "sure": {"type": "number", "minimum": 0, "maximum": 1},
        "kind": {"enum": ["cause", "none"]},
    },
    "required": ["source", "sink"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"source": "a", "sink": "b"}', None),
        ('Here it is:\n```json\n{"source": "a", "sink": "b", "sure": 1}\n```\nthanks', None),
        ('So {"source": "a", "sink": "b"} it is', None),
        ('{"source": "a"}', "it lacks 'sink'"),
        ('{"source": "", "sink": "b"}', "source has the length 0"),
        ('{"source": 1, "sink": "b"}', "source is a number, where string was asked for"),
        ('{"source": "a", "sink": "B"}', "sink is 'B', which is not of the pattern"),
        ('{"source": "a", "sink": "b", "sure": 1.5}', "sure is 1.5, out of the range"),
        ('{"source": "a", "sink": "b", "sure": true}', "sure is a boolean, where number was asked for"),
        ('{"source": "a", "sink": "b", "kind": "x"}', "kind is 'x', which is none of 'cause', 'none'"),
        ('{"source": "a", "sink": "b", "more": 1}', "more was not asked for"),
        ('[{"source": "a"}]', "it is a array"),
        ("yes", "is not valid JSON"),
        ('{"source": "a", "si', "is not valid JSON"),
        ("", "is not valid JSON"),
    ],
)
def test_values_of_an_object(text, fault):
    if fault is None:
        assert structured(text, PAIR)["source"] == "a"
        return
    with pytest.raises(FormatError, match=fault.replace("[", r"\[").replace("(", r"\(")):
        structured(text, PAIR)


def test_lists_and_alternatives():
    schema = {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"const": "none"}]}, "maxItems": 3}
    assert structured('[1, 2.0, "none"]', schema) == [1, 2.0, "none"]
    for text in ('[1, "x"]', "[1.5]", "[true]", "[1, 2, 3, 4]", "{}"):
        with pytest.raises(FormatError, match="does not keep to the schema"):
            structured(text, schema)


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ([], "the schema is an object"),
        ({"type": "text"}, "a type of the schema is one of object, array"),
        ({"oneOf": []}, "has 'oneOf', which answers are not held against"),
        ({"properties": {"a": {"items": {"format": "date"}}}}, r"the schema\.a\[\] has 'format'"),
    ],
)
def test_a_schema_with_words_that_nobody_checks_is_refused(schema, sentence):
    with pytest.raises(OptionError, match=sentence):
        check_schema(schema)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON)
def test_any_value_is_what_it_is_or_one_sentence(value):
    fits = isinstance(value, dict) and set(value) == {"source", "sink"}  # so short that a right one is no accident
    with nullcontext() if fits else pytest.raises(FormatError, match=r"does not keep to the schema|is not valid JSON"):
        structured(json.dumps(value), PAIR)
