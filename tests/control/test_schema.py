"""What is read fits the schema exactly when a full implementation of JSON Schema says so."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.control.api import OPERATIONS
from emulator.control.schema import Wrong, read

BODIES = {one.id: one.body for one in OPERATIONS if one.body is not None}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
    | st.sampled_from(["quiet", "reset", "qstash", "at-once", "u0"])
)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=2), SCALARS)


def bodies(schema: Any) -> st.SearchStrategy[Any]:
    """Objects with some of the names that the schema knows."""
    names = st.sampled_from([*schema["properties"], "unknown"])
    return st.dictionaries(names, VALUES, max_size=4) | VALUES


@pytest.mark.parametrize("name", BODIES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_reading__agrees_with_json_schema(name: str, data: st.DataObject) -> None:
    schema = BODIES[name]
    value = data.draw(bodies(schema))
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    try:
        read(value, schema)
        fits = True
    except Wrong:
        fits = False
    assert fits == expected


def test_reading__fills_defaults_in() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "default": 3}}}
    assert read({}, schema) == {"a": 3}
    assert read({"a": 4.0}, schema) == {"a": 4}
